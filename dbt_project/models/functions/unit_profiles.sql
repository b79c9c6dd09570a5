{{ config(parameters=unit_filters()) }}

with

profiles as (
    {{ profile_periods() }}
),

labelled as (
    {{ labelled_by_unit('profiles') }}
),

unit_names as (
    {{ unit_names() }}
),

unit_profiles as (
    {%- for level, unit in unit_levels('labelled') %}
    select
        '{{ level }}' as level,
        {{ unit }} as unit_id,
        labelled.agent_id,
        labelled.first_date,
        labelled.last_date,
    from labelled
    where {{ unit }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        {{ unit_columns('unit_profiles') }}
        unit_profiles.agent_id,
        people.unit_name as agent_name,
        unit_profiles.first_date,
        unit_profiles.last_date,
    from unit_profiles
    {{ join_unit_names('unit_profiles') }}
    left join unit_names as people
        on
            people.level = 'agent'
            and unit_profiles.agent_id = people.unit_id
)

select * from final
