{{ by_change('days', {'stg_landing__system_usage': ['started_at', 'ended_at']}) }}
with

usage as (
    select * from {{ ref('stg_landing__system_usage') }}
),

started as (
    {{ with_business_date(ref('stg_landing__system_usage'), 'started_at') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

local_days as (
    select * from {{ ref('int_people__local_days') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

spans as (
    select
        usage.agent_id,
        usage.application,
        usage.feature,
        {{ epoch_seconds('usage.started_at') }} as starts_seconds,
        least({{ epoch_seconds('usage.ended_at') }}, context.as_of_seconds)
            as ends_seconds,
    from usage
    cross join context
    where usage.started_at <= context.as_of
),

marked as (
    select
        *,
        coalesce(
            starts_seconds > max(ends_seconds) over feature_use,
            true
        ) as is_apart,
    from spans
    where ends_seconds > starts_seconds
    window feature_use as (
        partition by agent_id, application, feature
        order by starts_seconds, ends_seconds
        rows between unbounded preceding and 1 preceding
    )
),

numbered as (
    select
        *,
        sum(cast(is_apart as integer)) over (
            partition by agent_id, application, feature
            order by starts_seconds, ends_seconds
            rows between unbounded preceding and current row
        ) as interval_number,
    from marked
),

-- Overlapping uses of a feature count once.
intervals as (
    select
        agent_id,
        application,
        feature,
        min(starts_seconds) as starts_seconds,
        max(ends_seconds) as ends_seconds,
    from numbered
    group by agent_id, application, feature, interval_number
),

zoned as (
    select
        intervals.agent_id,
        intervals.application,
        intervals.feature,
        profiles.time_zone,
        greatest(intervals.starts_seconds, profiles.begins_seconds) as starts_seconds,
        least(intervals.ends_seconds, profiles.ends_seconds) as ends_seconds,
    from intervals
    inner join profiles
        on
            intervals.agent_id = profiles.agent_id
            and intervals.starts_seconds < profiles.ends_seconds
            and intervals.ends_seconds > profiles.begins_seconds
),

exploded as (
    select
        *,
        {{ explode_numbers(
            day_number(local_date(from_epoch_seconds('starts_seconds'), 'time_zone')),
            day_number(
                local_date(from_epoch_seconds('ends_seconds - 1'), 'time_zone')
            )
        ) }} as number,
    from zoned
),

parts as (
    select
        exploded.agent_id,
        local_days.local_date as business_date,
        exploded.application,
        exploded.feature,
        least(exploded.ends_seconds, local_days.ends_seconds)
        - greatest(exploded.starts_seconds, local_days.starts_seconds)
            as seconds_in_use,
        0 as uses,
    from exploded
    inner join local_days
        on
            exploded.time_zone = local_days.time_zone
            and {{ date_of_day_number('exploded.number') }}
            = local_days.local_date
    -- A date that a time zone skipped has no seconds.
    where local_days.ends_seconds > local_days.starts_seconds

    union all

    select
        agent_id,
        business_date,
        application,
        feature,
        0 as seconds_in_use,
        1 as uses,
    from started
),

summed as (
    select
        agent_id,
        business_date,
        application,
        feature,
        cast(sum(seconds_in_use) as bigint) as seconds_in_use,
        cast(sum(uses) as bigint) as uses,
    from parts
    group by agent_id, business_date, application, feature
),

final as (
    select
        summed.agent_id,
        summed.business_date,
        profiles.team_id,
        summed.application,
        summed.feature,
        summed.seconds_in_use,
        summed.uses,
    from summed
    left join profiles
        on
            summed.agent_id = profiles.agent_id
            and summed.business_date between profiles.valid_from and profiles.valid_to
)

select * from final
