{{ config(materialized = 'view') }}

{# One row per rating, as its newest record says: a customer may turn good into bad, and bad into good. #}
with

records as (
    {{ raw_records('zendesk', 'satisfaction_ratings') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

read as (
    select
        payload ->> '$.id' as rating_id,
        nullif(payload ->> '$.ticket_id', '') as ticket_id,
        nullif(payload ->> '$.assignee_id', '') as assignee_id,
        lower(payload ->> '$.score') as score,
        {{ zendesk_instant('created_at') }} as created_at,
        {{ zendesk_instant('updated_at') }} as updated_at,
        load_id,
        row_number,
        load_sequence,
    from records
),

final as (
    select read.*
    from read
    cross join context
    where
        read.rating_id is not null
        and (read.updated_at is null or read.updated_at <= context.as_of)
    qualify
        row_number() over (
            partition by read.rating_id
            order by
                read.updated_at desc nulls last,
                read.load_sequence desc,
                read.row_number desc
        ) = 1
)

select * from final
