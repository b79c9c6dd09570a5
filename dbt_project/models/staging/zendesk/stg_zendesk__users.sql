{{ config(materialized = inlined('view')) }}

{# One row per user, as the newest record says. Only who it is elsewhere is read: customers are users too. #}
with

records as (
    {{ raw_records('zendesk', 'users') }}
),

read as (
    select
        payload ->> '$.id' as user_id,
        nullif(trim(payload ->> '$.external_id'), '') as external_id,
        {{ zendesk_instant('updated_at') }} as updated_at,
        load_id,
        row_number,
        load_sequence,
    from records
),

final as (
    {{ newest_versions('user_id') }}
)

select * from final
