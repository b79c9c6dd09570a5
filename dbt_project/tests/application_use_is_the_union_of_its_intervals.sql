-- Use of an application summed over the dates, and once more from what was fed: every use and every second has one
-- date.
with

fed as (
    select
        usage.agent_id,
        usage.application,
        usage.feature,
        count(*) as uses,
    from {{ ref('stg_landing__system_usage') }} as usage
    cross join {{ ref('int_run__context') }} as context
    where usage.started_at <= context.as_of
    group by usage.agent_id, usage.application, usage.feature
),

intervals as (
    select
        agent_id,
        application,
        feature,
        sum(ends_seconds - starts_seconds) as seconds_in_use,
    from {{ ref('int_activity__usage_intervals') }}
    group by agent_id, application, feature
),

days as (
    select
        agent_id,
        application,
        feature,
        sum(seconds_in_use) as seconds_in_use,
        sum(uses) as uses,
    from {{ ref('fct_agent_application_day') }}
    group by agent_id, application, feature
)

select
    fed.agent_id,
    fed.application,
    fed.feature,
from fed
left join intervals
    on
        fed.agent_id = intervals.agent_id
        and fed.application = intervals.application
        and fed.feature is not distinct from intervals.feature
full join days
    on
        fed.agent_id = days.agent_id
        and fed.application = days.application
        and fed.feature is not distinct from days.feature
where
    fed.uses is distinct from days.uses
    or coalesce(intervals.seconds_in_use, 0) is distinct from days.seconds_in_use
