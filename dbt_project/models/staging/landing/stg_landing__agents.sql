with

latest as (
    {{ latest_versions('agents', ['agent_id', 'effective_from']) }}
),

final as (
    select
        agent_id,
        name,
        email,
        phone,
        role,
        function,
        team_id,
        site,
        time_zone,
        skill_level,
        hired_on,
        left_on,
        effective_from,
        updated_at,
        load_id,
        row_number,
        load_sequence,
    from latest
)

select * from final
