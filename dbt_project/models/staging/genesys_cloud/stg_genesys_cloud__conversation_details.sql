{{ config(materialized = inlined('view')) }}

{#
  One row per conversation. It is delivered with every day that it touches, and again when something is added to it:
  the version that ends last wins over one that is still going on, then the newest file.
#}
{% set structure = {
    "conversationId": "VARCHAR", "conversationStart": "TIMESTAMPTZ", "conversationEnd": "TIMESTAMPTZ",
    "originatingDirection": "VARCHAR", "externalTag": "VARCHAR",
    "participants": [{
        "purpose": "VARCHAR", "userId": "VARCHAR", "externalContactId": "VARCHAR",
        "sessions": [{
            "mediaType": "VARCHAR", "messageType": "VARCHAR", "direction": "VARCHAR",
            "ani": "VARCHAR", "dnis": "VARCHAR", "addressFrom": "VARCHAR", "addressTo": "VARCHAR",
            "monitoredParticipantId": "VARCHAR", "coachedParticipantId": "VARCHAR", "bargedParticipantId": "VARCHAR",
            "metrics": [{"name": "VARCHAR", "value": "DOUBLE"}],
            "segments": [{
                "segmentType": "VARCHAR", "segmentStart": "TIMESTAMPTZ", "segmentEnd": "TIMESTAMPTZ",
                "queueId": "VARCHAR", "disconnectType": "VARCHAR", "wrapUpCode": "VARCHAR"
            }]
        }]
    }],
    "evaluations": [{
        "evaluationId": "VARCHAR", "evaluationStatus": "VARCHAR", "eventTime": "TIMESTAMPTZ",
        "userId": "VARCHAR", "evaluatorId": "VARCHAR", "calibrationId": "VARCHAR",
        "released": "BOOLEAN", "deleted": "BOOLEAN", "oTotalScore": "DOUBLE"
    }]
} %}
with

records as (
    {{ raw_records('genesys_cloud', 'conversation_details') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

read as (
    select
        {{ json_record('payload', structure) }} as conversation,
        load_id,
        row_number,
        load_sequence,
    from records
),

named as (
    select
        conversation.conversationid as conversation_id,
        conversation.conversationstart as started_at,
        conversation.conversationend as ended_at,
        conversation.originatingdirection as originating_direction,
        nullif(conversation.externaltag, '') as external_tag,
        conversation.participants,
        conversation.evaluations,
        load_id,
        row_number,
        load_sequence,
    from read
),

final as (
    select named.*
    from named
    cross join context
    where named.conversation_id is not null and named.started_at <= context.as_of
    qualify
        row_number() over (
            partition by named.conversation_id
            order by
                named.ended_at desc nulls last,
                named.load_sequence desc,
                named.row_number desc
        ) = 1
)

select * from final
