-- Every level of the organisation, the centre itself included, sums to all agent days
-- of the month.
with

days as (
    select
        {{ month_start('business_date') }} as month,
        {{ sum_of_parts() }}
    from {{ ref('fct_agent_day') }}
    group by {{ month_start('business_date') }}
),

levels as (
    select
        level,
        month,
        {{ sum_of_parts() }}
    from {{ ref('fct_organisation_month') }}
    group by level, month
),

wanted as (
    {%- for level in ['department', 'site', 'function', 'centre'] %}
    select
        '{{ level }}' as level,
        *,
    from days
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    level,
    month,
from wanted
full join levels using (level, month)
where
    wanted.month is null
    or levels.month is null
    {%- for part in agent_parts() %}
    or wanted.{{ part.name }} is distinct from levels.{{ part.name }}
    {%- endfor %}
