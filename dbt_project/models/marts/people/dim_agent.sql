with

profiles as (
    select * from {{ ref('int_people__profiles') }}
    where is_known
),

teams as (
    select * from {{ ref('stg_landing__teams') }}
),

final as (
    select
        profiles.agent_id,
        profiles.effective_from as valid_from,
        nullif(profiles.valid_to, date '9999-12-31') as valid_to,
        profiles.valid_to = date '9999-12-31' as is_current,
        profiles.name,
        profiles.email,
        profiles.phone,
        profiles.role,
        profiles.function,
        profiles.team_id,
        teams.team_name,
        teams.department,
        profiles.site,
        profiles.time_zone,
        profiles.skill_level,
        profiles.hired_on,
        profiles.left_on,
    from profiles
    left join teams
        on profiles.team_id = teams.team_id
)

select * from final
