-- Handling time once more, from the intervals alone: what each adds beyond the latest end before it, and their sum.
with

-- From the first day on of which no row was purged.
whole_days as (
    select
        agent_days.agent_id,
        min(agent_days.starts_seconds) as starts_seconds,
    from {{ ref('int_people__agent_days') }} as agent_days
    cross join {{ ref('int_run__context') }} as context
    where {{ is_whole('agent_days.business_date') }}
    group by agent_days.agent_id
),

whole_intervals as (
    select
        intervals.agent_id,
        greatest(intervals.starts_seconds, whole_days.starts_seconds) as starts_seconds,
        intervals.ends_seconds,
    from {{ ref('int_activity__handling_intervals') }} as intervals
    inner join whole_days on intervals.agent_id = whole_days.agent_id
    where intervals.ends_seconds > whole_days.starts_seconds
),

intervals as (
    select
        *,
        max(ends_seconds) over (
            partition by agent_id
            order by starts_seconds, ends_seconds
            rows between unbounded preceding and 1 preceding
        ) as latest_end_before,
    from whole_intervals
),

unions as (
    select
        agent_id,
        sum(
            greatest(ends_seconds - greatest(starts_seconds, coalesce(latest_end_before, starts_seconds)), 0)
        ) as handling_seconds,
        sum(ends_seconds - starts_seconds) as handling_interval_seconds,
    from intervals
    group by agent_id
),

days as (
    select
        agent_id,
        sum(handling_seconds) as handling_seconds,
        sum(handling_interval_seconds) as handling_interval_seconds,
    from {{ ref('fct_agent_day') }}
    where handling_seconds > 0
    group by agent_id
)

select agent_id
from unions
full join days using (agent_id)
where
    unions.handling_seconds is distinct from days.handling_seconds
    or unions.handling_interval_seconds is distinct from days.handling_interval_seconds
