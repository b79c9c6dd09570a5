{{ config(parameters=period_parameters() + ['grain'] + unit_filters()) }}

with

agent_days as (
    select
        days.*,
        {{ bucket_start('days.business_date') }} as bucket_starts_on,
    from {{ mart('fct_agent_day') }} as days
    where {{ in_period('days.business_date') }}
),

labelled as (
    {{ labelled_by_unit('agent_days') }}
),

unit_names as (
    {{ unit_names() }}
),

-- An agent who moved counts in each unit for the days spent there.
summed as (
    {% call summed_by_unit('labelled', ['bucket_starts_on']) %}
    count(distinct labelled.agent_id) as agents,
    {{ sum_of_parts() }}
    {% endcall %}
),

final as (
    select
        {{ unit_columns('summed') }}
        summed.bucket_starts_on as starts_on,
        summed.* exclude (level, unit_id, bucket_starts_on),
        {{ ratio_columns() }},
        {{ occupancy_band() }} as occupancy_band,
    from summed
    {{ join_unit_names('summed') }}
)

select * from final
