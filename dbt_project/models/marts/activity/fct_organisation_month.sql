{{ by_change('months', {'fct_agent_day': 'days_of_all_agents'}) }}
{% set levels = [
    ('department', 'teams.department'),
    ('site', 'agent_days.site'),
    ('function', 'agent_days.function'),
    ('centre', "'all'"),
] %}
with

agent_days as (
    select * from {{ ref('fct_agent_day') }}
),

teams as (
    select * from {{ ref('dim_team') }}
),

-- A day without a label is in a unit of its own: no level loses anything.
labelled as (
    select
        agent_days.*,
        {{ month_start('agent_days.business_date') }} as month,
        {%- for level, label in levels %}
        coalesce({{ label }}, '{{ unknown_unit() }}') as {{ level }}_unit,
        {%- endfor %}
    from agent_days
    left join teams
        on agent_days.team_id = teams.team_id
),

summed as (
    {%- for level, label in levels %}
    select
        '{{ level }}' as level,
        {{ level }}_unit as unit_id,
        month,
        count(distinct agent_id) as agents,
        {{ sum_of_parts() }}
    from labelled
    group by {{ level }}_unit, month
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        *,
        {{ ratio_columns() }},
        {{ occupancy_band() }} as occupancy_band,
    from summed
)

select * from final
