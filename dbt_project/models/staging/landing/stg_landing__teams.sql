with

latest as (
    {{ latest_versions('teams', ['team_id']) }}
),

final as (
    select
        team_id,
        team_name,
        department,
        team_lead_id,
        supervisor_id,
        department_head_id,
        updated_at,
        load_id,
        row_number,
        load_sequence,
    from latest
)

select * from final
