with

channel_days as (
    select * from {{ ref('fct_agent_channel_day') }}
),

summed as (
    select
        agent_id,
        {{ month_start('business_date') }} as month,
        channel,
        {{ sum_of_parts(contact_parts()) }}
    from channel_days
    group by agent_id, {{ month_start('business_date') }}, channel
),

final as (
    select
        *,
        {{ ratio_columns(contact_ratios()) }}
    from summed
)

select * from final
