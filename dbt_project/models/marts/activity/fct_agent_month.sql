with

agent_days as (
    select * from {{ ref('fct_agent_day') }}
),

summed as (
    select
        agent_id,
        {{ month_start('business_date') }} as month,
        {{ sum_of_parts() }}
    from agent_days
    group by agent_id, {{ month_start('business_date') }}
),

final as (
    select
        *,
        {{ ratio_columns() }},
        {{ occupancy_band() }} as occupancy_band,
    from summed
)

select * from final
