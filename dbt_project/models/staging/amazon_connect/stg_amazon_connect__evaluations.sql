{{ config(materialized = inlined('view')) }}

{#
  One row per evaluation. It may come as two files: what the later one says wins, what it does not say the earlier one
  does. A score of 0 is a score, and an automatic fail anywhere in the form is one of the whole evaluation.
#}
with

records as (
    {{ raw_records('amazon_connect', 'evaluations') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

read as (
    select
        payload ->> '$.evaluationId' as evaluation_id,
        nullif(payload ->> '$.metadata.contactId', '') as contact_id,
        nullif(payload ->> '$.metadata.agentId', '') as agent_uuid,
        nullif(payload ->> '$.metadata.evaluator', '') as evaluator,
        try_cast(payload ->> '$.metadata.evaluationSubmitTimestamp' as timestamptz)
            as submitted_at,
        try_cast(payload ->> '$.metadata.score.percentage' as decimal(18, 9)) as score,
        {{ matches('payload', '"automaticFail"\\s*:\\s*true') }} as is_automatic_fail,
        load_id,
        row_number,
        load_sequence,
    from records
),

seen as (
    select
        read.*,
        (
            coalesce(read.submitted_at, timestamptz '1970-01-01 00:00:00+00'),
            read.load_sequence,
            read.row_number
        ) as place,
    from read
    cross join context
    where
        read.evaluation_id is not null
        and (read.submitted_at is null or read.submitted_at <= context.as_of)
),

final as (
    select
        evaluation_id,
        {%- for column in [
            'contact_id', 'agent_uuid', 'evaluator', 'submitted_at', 'score',
        ] %}
        {{ arg_max(column, 'place') }} as {{ column }},
        {%- endfor %}
        {{ arg_max('is_automatic_fail', 'place') }} filter (
            where score is not null or is_automatic_fail
        ) as is_automatic_fail,
        {{ arg_max('load_id', 'place') }} as load_id,
        {{ arg_max('row_number', 'place') }} as row_number,
        max(load_sequence) as load_sequence,
    from seen
    group by evaluation_id
)

select * from final
