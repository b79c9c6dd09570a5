{{ config(materialized='landed') }}
with

latest as {{ not_materialized() }} (
    {{ latest_versions('tickets', ['ticket_id']) }}
),

together as (
    {{ with_vendors('ticket_id', ['stg_zendesk__landing_tickets']) }}
),

final as (
    select
        ticket_id,
        agent_id,
        kind,
        created_at,
        status,
        resolved_at,
        updated_at,
        load_id,
        row_number,
        load_sequence,
    from together
)

select * from final
