-- Use of an application summed over the dates, and once more from what was fed: every use and every second has one
-- date. A second is in use from when the number of open uses leaves 0 until it is 0 again.
with

seen as (
    select
        usage.agent_id,
        usage.application,
        usage.feature,
        {{ epoch_seconds('usage.started_at') }} as starts_seconds,
        greatest(
            least({{ epoch_seconds('usage.ended_at') }}, context.as_of_seconds),
            {{ epoch_seconds('usage.started_at') }}
        ) as ends_seconds,
    from {{ ref('stg_landing__system_usage') }} as usage
    cross join {{ ref('int_run__context') }} as context
    where usage.started_at <= context.as_of
),

changes as (
    select agent_id, application, feature, starts_seconds as at_seconds, 1 as opened, 1 as uses from seen
    union all
    select agent_id, application, feature, ends_seconds as at_seconds, -1 as opened, 0 as uses from seen
),

instants as (
    select
        agent_id,
        application,
        feature,
        at_seconds,
        sum(uses) as uses,
        sum(sum(opened)) over feature_use as open_uses,
        lead(at_seconds) over feature_use as next_seconds,
    from changes
    group by agent_id, application, feature, at_seconds
    window feature_use as (partition by agent_id, application, feature order by at_seconds)
),

fed as (
    select
        agent_id,
        application,
        feature,
        coalesce(sum(case when open_uses > 0 then next_seconds - at_seconds end), 0) as seconds_in_use,
        sum(uses) as uses,
    from instants
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
full join days
    on
        fed.agent_id = days.agent_id
        and fed.application = days.application
        and fed.feature is not distinct from days.feature
where
    fed.uses is distinct from days.uses
    or fed.seconds_in_use is distinct from days.seconds_in_use
