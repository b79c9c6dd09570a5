{{ config(materialized='landed') }}
with

latest as (
    {{ latest_versions('compliance_events', ['event_id']) }}
),

final as (
    select
        event_id,
        agent_id,
        occurred_at,
        policy,
        regulation,
        severity,
        description,
        disciplinary_step,
        escalated_to,
        resolved_at,
        updated_at,
        load_id,
        row_number,
        load_sequence,
    from latest
)

select * from final
