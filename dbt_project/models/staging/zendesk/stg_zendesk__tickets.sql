{{ config(materialized = inlined('view')) }}

{#
  One row per ticket, as its newest record says: an incremental export brings a ticket again whenever it changed, and
  again when only the system touched it (a later `generated_timestamp`).
#}
with

records as (
    {{ raw_records('zendesk', 'tickets') }}
),

read as (
    select
        payload ->> '$.id' as ticket_id,
        nullif(payload ->> '$.external_id', '') as external_id,
        nullif(payload ->> '$.assignee_id', '') as assignee_id,
        lower(payload ->> '$.status') as status,
        nullif(payload ->> '$.type', '') as ticket_type,
        -- Zendesk tags the ticket that it closes because it was merged into another.
        coalesce(
            {{ matches("payload ->> '$.tags'", '(^|[^a-z0-9_])closed_by_merge($|[^a-z0-9_])') }},
            false
        ) as is_merged,
        {{ zendesk_instant('created_at') }} as created_at,
        {{ zendesk_instant('updated_at') }} as updated_at,
        try_cast(payload ->> '$.generated_timestamp' as bigint) as generated_timestamp,
        load_id,
        row_number,
        load_sequence,
    from records
),

final as (
    {{ newest_versions('ticket_id', then_by=['generated_timestamp']) }}
)

select * from final
