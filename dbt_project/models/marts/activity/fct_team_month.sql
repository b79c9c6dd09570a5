with

agent_days as (
    select * from {{ ref('fct_agent_day') }}
    where team_id is not null
),

teams as (
    select * from {{ ref('dim_team') }}
),

-- An agent who moved counts in each team for the days spent there.
summed as (
    select
        team_id,
        {{ month_start('business_date') }} as month,
        count(distinct agent_id) as agents,
        {{ sum_of_parts() }}
    from agent_days
    group by team_id, {{ month_start('business_date') }}
),

final as (
    select
        summed.team_id,
        summed.month,
        teams.team_name,
        teams.department,
        summed.* exclude (team_id, month),
        {{ ratio_columns() }},
        {{ occupancy_band() }} as occupancy_band,
    from summed
    left join teams
        on summed.team_id = teams.team_id
)

select * from final
