{{ config(materialized = inlined('view')) }}

{# One row per rating, as its newest record says: a customer may turn good into bad, and bad into good. #}
with

records as (
    {{ raw_records('zendesk', 'satisfaction_ratings') }}
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
    {{ newest_versions('rating_id') }}
)

select * from final
