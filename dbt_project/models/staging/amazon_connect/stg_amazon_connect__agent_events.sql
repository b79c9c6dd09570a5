{{ config(materialized = inlined('view')) }}

{# One row per event of an agent; the stream delivers an event at least once, and not always in order. #}
with

records as (
    {{ raw_records('amazon_connect', 'agent_events') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

read as (
    select
        payload ->> '$.EventId' as event_id,
        payload ->> '$.EventType' as event_type,
        try_cast(payload ->> '$.EventTimestamp' as timestamptz) as occurred_at,
        payload ->> '$.AgentARN' as agent_arn,
        coalesce(
            nullif(payload ->> '$.CurrentAgentSnapshot.Configuration.Username', ''),
            nullif(payload ->> '$.PreviousAgentSnapshot.Configuration.Username', '')
        ) as agent_username,
        nullif(payload ->> '$.CurrentAgentSnapshot.AgentStatus.Name', '') as status_name,
        nullif(payload ->> '$.CurrentAgentSnapshot.AgentStatus.Type', '') as status_type,
        {{ json_texts('payload', '$.CurrentAgentSnapshot.Contacts', 'State') }} as contact_states,
        load_id,
        row_number,
        load_sequence,
    from records
),

final as (
    select
        read.*,
        {{ first_match('read.agent_arn', '[^/]+$') }} as agent_uuid,
    from read
    cross join context
    where read.event_id is not null and read.occurred_at <= context.as_of
    qualify
        row_number() over (
            partition by read.event_id order by read.load_sequence, read.row_number
        ) = 1
)

select * from final
