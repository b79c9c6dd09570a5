{# One row per time zone and local date that the activity spans: its first second, and that of the next date. #}
with

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

activity as (
    select min(occurred_at) as first_at
    from {{ ref('stg_landing__status_events') }}
    union all
    select min(answered_at) as first_at
    from {{ ref('stg_landing__interactions') }}
    union all
    select min(started_at) as first_at
    from {{ ref('stg_landing__system_usage') }}
),

span as (
    select
        cast(least(min(activity.first_at), any_value(context.as_of)) as date) - 2 as first_date,
        cast(any_value(context.as_of) as date) + 2 as last_date,
    from activity
    cross join context
),

zones as (
    select distinct time_zone from profiles
),

dates as (
    select
        zones.time_zone,
        {{ date_of_day_number('numbers.number') }} as local_date,
    from zones
    cross join span
    cross join lateral (
        select
            {{ explode_numbers(day_number('span.first_date'), day_number('span.last_date')) }} as number
    ) as numbers
),

final as (
    select
        time_zone,
        local_date,
        {{ first_second_of_local_date('local_date', 'time_zone') }} as starts_seconds,
        {{ first_second_of_local_date(add_days('local_date', 1), 'time_zone') }} as ends_seconds,
    from dates
)

select * from final
