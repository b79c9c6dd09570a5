{{ config(parameters=period_parameters() + unit_filters()) }}

with

application_days as (
    select
        days.agent_id,
        days.business_date,
        days.application,
        days.feature,
        days.seconds_in_use,
        days.uses,
    from {{ mart('fct_agent_application_day') }} as days
    where {{ in_period('days.business_date') }}
),

profiled as (
    {{ with_profile('application_days') }}
),

labelled as (
    {{ labelled_by_unit('profiled') }}
),

unit_names as (
    {{ unit_names() }}
),

summed as (
    {% call summed_by_unit('labelled', ['application', 'feature']) %}
    count(distinct labelled.agent_id) as agents,
    cast(sum(labelled.seconds_in_use) as bigint) as seconds_in_use,
    cast(sum(labelled.uses) as bigint) as uses,
    {% endcall %}
),

final as (
    select
        {{ unit_columns('summed') }}
        summed.application,
        summed.feature,
        summed.agents,
        summed.seconds_in_use,
        summed.uses,
    from summed
    {{ join_unit_names('summed') }}
)

select * from final
