with

context as (
    select * from {{ ref('int_run__context') }}
),

agent_days as (
    select min(business_date) as first_date, max(business_date) as last_date
    from {{ ref('fct_agent_day') }}
),

-- Of no agent-day the least and the greatest is null, which both functions leave out.
span as (
    select
        {{ month_start('least(agent_days.first_date, cast(context.as_of as date))') }} as first_date,
        {{ month_end('greatest(agent_days.last_date, cast(context.as_of as date))') }} as last_date,
    from agent_days
    cross join context
),

dates as (
    select {{ date_of_day_number('numbers.number') }} as date
    from span
    cross join lateral (
        select {{ explode_numbers(day_number('span.first_date'), day_number('span.last_date')) }} as number
    ) as numbers
),

final as (
    select
        date,
        {{ month_start('date') }} as month,
        {{ week_start('date') }} as week_start_date,
        {{ iso_part('year', 'date') }} as iso_year,
        {{ iso_part('week', 'date') }} as iso_week,
        {{ iso_part('weekday', 'date') }} as iso_weekday,
        {{ iso_part('weekday', 'date') }} in (6, 7) as is_weekend,
    from dates
)

select * from final
