-- Over all teams of a month, every part is the sum of the agent days that have a team: none is lost, none doubled.
with

days as (
    select
        {{ month_start('business_date') }} as month,
        {{ sum_of_parts() }}
    from {{ ref('fct_agent_day') }}
    where team_id is not null
    group by {{ month_start('business_date') }}
),

teams as (
    select
        month,
        {{ sum_of_parts() }}
    from {{ ref('fct_team_month') }}
    group by month
)

select month
from days
full join teams using (month)
where
    days.month is null
    or teams.month is null
    {%- for part in agent_parts() %}
    or days.{{ part.name }} is distinct from teams.{{ part.name }}
    {%- endfor %}
