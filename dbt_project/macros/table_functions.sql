{#
  What the table functions of `marts` have in common: their parameters, the units of the organisation, sums by unit.

  A parameter is written without a relation before it, a column always with one: DuckDB takes a bare name for the
  parameter. The marts are named without their database, for readers open the published file under any alias.
#}

{# The mart as a table function reads it. #}
{% macro mart(name) %}{{ return(ref(name).include(database=false)) }}{% endmacro %}

{# Null is no filter; `(unknown)` finds the days without a department, site or function. #}
{% macro unit_filters() %}
    {{ return([
        'of_department := null', 'of_site := null', 'of_function := null', 'of_team := null',
    ]) }}
{% endmacro %}

{# First and last day of a period, both included. #}
{% macro period_parameters() %}{{ return(['starts_on', 'ends_on']) }}{% endmacro %}

{% macro in_period(day) -%}
    {{ day }} between cast(starts_on as date) and cast(ends_on as date)
{%- endmacro %}

{# First day of the day, week or month that `day` lies in, or of the whole period, as the parameter `grain` says. #}
{% macro bucket_start(day) -%}
    case grain
        when 'day' then {{ day }}
        when 'week' then {{ week_start(day) }}
        when 'month' then {{ month_start(day) }}
        when 'period' then cast(starts_on as date)
        else {{ raise_error("'grain is day, week, month or period'") }}
    end
{%- endmacro %}

{#
  Each level of the organisation, and the unit of a row of `relation`, made by `labelled_by_unit`. A row without a team is in no team;
  one without a department, site or function is in a unit of its own, so those levels lose nothing.
#}
{% macro unit_levels(relation) %}
    {{ return([
        ('agent', relation ~ '.agent_id'),
        ('team', relation ~ '.team_id'),
        ('department', relation ~ '.department_unit'),
        ('site', relation ~ '.site_unit'),
        ('function', relation ~ '.function_unit'),
        ('centre', "'all'"),
    ]) }}
{% endmacro %}

{# Who has which team, site and function from `first_date` to `last_date`, both included. #}
{% macro profile_periods() -%}
    select
        people.agent_id,
        people.team_id,
        people.site,
        people.function,
        -- The first profile also covers what came before it.
        case
            when
                row_number() over (
                    partition by people.agent_id
                    order by people.valid_from asc nulls first
                ) > 1
                then people.valid_from
            else date '1900-01-01'
        end as first_date,
        coalesce(people.valid_to, date '9999-12-31') as last_date,
    from {{ mart('dim_agent') }} as people
{%- endmacro %}

{# The rows of `relation`, which has an agent_id, with the team, site and function of the agent's profile on `day`. #}
{% macro with_profile(relation, day='business_date') %}
select
    {{ relation }}.*,
    profiles.team_id,
    profiles.site,
    profiles.function,
from {{ relation }}
left join (
    {{ profile_periods() }}
) as profiles
    on
        {{ relation }}.agent_id = profiles.agent_id
        and {{ relation }}.{{ day }} between profiles.first_date and profiles.last_date
{% endmacro %}

{# The rows of `relation`, which has team_id, site and function, that pass the filters, with the names of their units. #}
{% macro labelled_by_unit(relation) %}
select
    {{ relation }}.*,
    coalesce(teams.department, '{{ unknown_unit() }}') as department_unit,
    coalesce({{ relation }}.site, '{{ unknown_unit() }}') as site_unit,
    coalesce({{ relation }}.function, '{{ unknown_unit() }}') as function_unit,
from {{ relation }}
left join {{ mart('dim_team') }} as teams
    on {{ relation }}.team_id = teams.team_id
where
    {{ relation }}.agent_id is not null
    and (of_team is null or {{ relation }}.team_id = of_team)
    {%- for label, column in [
        ('department', 'teams.department'), ('site', relation ~ '.site'),
        ('function', relation ~ '.function'),
    ] %}
    and (
        of_{{ label }} is null
        or coalesce({{ column }}, '{{ unknown_unit() }}') = of_{{ label }}
    )
    {%- endfor %}
{% endmacro %}

{# Used with `call`: the aggregates of the body, over the rows of each unit, by the columns `keys`. #}
{% macro summed_by_unit(relation, keys=[]) %}
    {%- for level, unit in unit_levels(relation) %}
    select
        '{{ level }}' as level,
        {{ unit }} as unit_id,
        {%- for key in keys %}
        {{ relation }}.{{ key }},
        {%- endfor %}
        {{ caller() }}
    from {{ relation }}
    where {{ unit }} is not null
    group by
        {{ unit }}
        {%- for key in keys %},
        {{ relation }}.{{ key }}
        {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{% endmacro %}

{# The latest name of each agent and team; a unit without a row here is called by its id. #}
{% macro unit_names() %}
select
    'agent' as level,
    people.agent_id as unit_id,
    people.name as unit_name,
from {{ mart('dim_agent') }} as people
qualify
    row_number() over (
        partition by people.agent_id
        order by people.valid_from desc nulls last
    ) = 1
union all
select
    'team' as level,
    teams.team_id as unit_id,
    teams.team_name as unit_name,
from {{ mart('dim_team') }} as teams
union all
select
    'centre' as level,
    'all' as unit_id,
    'Whole centre' as unit_name,
{% endmacro %}

{# The unit of a row of `relation`, as the first columns of a final select; `names`: the relation of `unit_names`. #}
{% macro unit_columns(relation) %}
    {{ relation }}.level,
    {{ relation }}.unit_id,
    coalesce(unit_names.unit_name, {{ relation }}.unit_id) as unit_name,
{% endmacro %}

{% macro join_unit_names(relation) %}
left join unit_names
    on
        {{ relation }}.level = unit_names.level
        and {{ relation }}.unit_id = unit_names.unit_id
{% endmacro %}
