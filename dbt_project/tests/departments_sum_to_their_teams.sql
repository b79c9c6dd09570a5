-- A department is the sum of its teams; the unknown one also holds the days that are in
-- no team at all.
with

team_parts as (
    select
        coalesce(department, '{{ unknown_unit() }}') as unit_id,
        month,
        {{ sum_of_parts() }}
    from {{ ref('fct_team_month') }}
    group by coalesce(department, '{{ unknown_unit() }}'), month

    union all

    select
        '{{ unknown_unit() }}' as unit_id,
        {{ month_start('business_date') }} as month,
        {{ sum_of_parts() }}
    from {{ ref('fct_agent_day') }}
    where team_id is null
    group by {{ month_start('business_date') }}
),

teams as (
    select
        unit_id,
        month,
        {{ sum_of_parts() }}
    from team_parts
    group by unit_id, month
),

departments as (
    select * from {{ ref('fct_organisation_month') }}
    where level = 'department'
)

select
    unit_id,
    month,
from teams
full join departments using (unit_id, month)
where
    teams.month is null
    or departments.month is null
    {%- for part in agent_parts() %}
    or teams.{{ part.name }} is distinct from departments.{{ part.name }}
    {%- endfor %}
