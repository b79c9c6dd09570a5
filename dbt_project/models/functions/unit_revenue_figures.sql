{{ config(parameters=period_parameters() + ['grain'] + unit_filters()) }}

with

revenue_days as (
    select
        days.agent_id,
        days.business_date,
        days.currency,
        days.converted_leads,
        days.revenue,
        {{ bucket_start('days.business_date') }} as bucket_starts_on,
    from {{ mart('fct_agent_day_revenue') }} as days
    where {{ in_period('days.business_date') }}
),

profiled as (
    {{ with_profile('revenue_days') }}
),

labelled as (
    {{ labelled_by_unit('profiled') }}
),

unit_names as (
    {{ unit_names() }}
),

summed as (
    {% call summed_by_unit('labelled', ['currency', 'bucket_starts_on']) %}
    count(distinct labelled.agent_id) as agents,
    cast(sum(labelled.converted_leads) as bigint) as converted_leads,
    cast(sum(labelled.revenue) as decimal(38, 4)) as revenue,
    {% endcall %}
),

final as (
    select
        {{ unit_columns('summed') }}
        summed.currency,
        summed.bucket_starts_on as starts_on,
        summed.agents,
        summed.converted_leads,
        summed.revenue,
    from summed
    {{ join_unit_names('summed') }}
)

select * from final
