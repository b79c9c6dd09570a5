{{ config(parameters=period_parameters() + unit_filters()) }}

with

agent_days as (
    select * from {{ mart('fct_agent_day') }} as days
    where {{ in_period('days.business_date') }}
),

labelled as (
    {{ labelled_by_unit('agent_days') }}
),

unit_names as (
    {{ unit_names() }}
),

unit_days as (
    {%- for level, unit in unit_levels('labelled') %}
    select
        '{{ level }}' as level,
        {{ unit }} as unit_id,
        labelled.agent_id,
        labelled.business_date,
    from labelled
    where {{ unit }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        {{ unit_columns('unit_days') }}
        unit_days.agent_id,
        people.unit_name as agent_name,
        unit_days.business_date,
    from unit_days
    {{ join_unit_names('unit_days') }}
    left join unit_names as people
        on
            people.level = 'agent'
            and unit_days.agent_id = people.unit_id
)

select * from final
