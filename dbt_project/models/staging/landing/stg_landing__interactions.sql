with

latest as (
    {{ latest_versions('interactions', ['interaction_id']) }}
),

final as (
    select
        interaction_id,
        agent_id,
        customer_id,
        channel,
        direction,
        queue,
        topic,
        case_id,
        queued_at,
        answered_at,
        ended_at,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        outcome,
        transferred_to,
        updated_at,
        load_id,
        row_number,
        load_sequence,
    from latest
)

select * from final
