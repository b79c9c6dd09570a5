with

latest as (
    {{ latest_versions('tickets', ['ticket_id']) }}
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
    from latest
)

select * from final
