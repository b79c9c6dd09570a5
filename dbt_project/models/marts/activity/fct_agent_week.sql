{{ by_change('fact_weeks', {'fct_agent_day': 'days_of_fact_weeks'}) }}
with

agent_days as (
    select * from {{ ref('fct_agent_day') }}
),

summed as (
    select
        agent_id,
        {{ week_start('business_date') }} as week_start_date,
        {{ sum_of_parts() }}
    from agent_days
    group by agent_id, {{ week_start('business_date') }}
),

final as (
    select
        *,
        {{ ratio_columns() }},
        {{ occupancy_band() }} as occupancy_band,
    from summed
)

select * from final
