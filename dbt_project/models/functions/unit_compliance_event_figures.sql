{{ config(parameters=period_parameters() + unit_filters()) }}

with

events as (
    select
        events.agent_id,
        events.business_date,
        events.policy,
        events.severity,
        events.is_resolved,
    from {{ mart('fct_compliance_event') }} as events
    where {{ in_period('events.business_date') }}
),

profiled as (
    {{ with_profile('events') }}
),

labelled as (
    {{ labelled_by_unit('profiled') }}
),

unit_names as (
    {{ unit_names() }}
),

summed as (
    {% call summed_by_unit('labelled', ['policy', 'severity', 'is_resolved']) %}
    count(distinct labelled.agent_id) as agents,
    count(*) as events,
    {% endcall %}
),

final as (
    select
        {{ unit_columns('summed') }}
        summed.policy,
        summed.severity,
        summed.is_resolved,
        summed.agents,
        summed.events,
    from summed
    {{ join_unit_names('summed') }}
)

select * from final
