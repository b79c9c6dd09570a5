with

latest as (
    {{ latest_versions('status_events', ['event_id']) }}
),

final as (
    select
        event_id,
        agent_id,
        occurred_at,
        status,
        reason,
        unit,
        updated_at,
        load_id,
        row_number,
        load_sequence,
    from latest
)

select * from final
