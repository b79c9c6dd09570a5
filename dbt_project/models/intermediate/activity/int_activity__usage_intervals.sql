{# When an agent used a feature, cut at `as_of`: overlapping rows of it count once. #}
with

usage as (
    select * from {{ ref('stg_landing__system_usage') }}
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

final as (
    select
        agent_id,
        application,
        feature,
        min(starts_seconds) as starts_seconds,
        max(ends_seconds) as ends_seconds,
    from numbered
    group by agent_id, application, feature, interval_number
)

select * from final
