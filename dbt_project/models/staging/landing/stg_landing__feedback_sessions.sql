with

latest as (
    {{ latest_versions('feedback_sessions', ['feedback_id']) }}
),

final as (
    select
        feedback_id,
        agent_id,
        supervisor_id,
        held_at,
        kpi,
        notes,
        agent_response,
        acknowledged_at,
        task_id,
        updated_at,
        load_id,
        row_number,
        load_sequence,
    from latest
)

select * from final
