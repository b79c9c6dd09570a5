{#
  No identity, so it only warns: an application can be used before clocking in, and a clock that is off does the same.
  Worth a look all the same, for an agent must clock in before working.
#}
{{ config(severity='warn') }}
select
    usage.agent_id,
    usage.business_date,
    usage.application,
    usage.feature,
    usage.seconds_in_use,
    days.logged_in_seconds,
from {{ ref('fct_agent_application_day') }} as usage
cross join {{ ref('int_run__datasets_collected') }} as collected
left join {{ ref('fct_agent_day') }} as days
    on
        usage.agent_id = days.agent_id
        and usage.business_date = days.business_date
-- Where status is not tracked, the day has no logged-in time to compare with.
left join {{ ref('int_people__untracked_periods') }} as untracked
    on
        usage.agent_id = untracked.agent_id
        and usage.business_date between untracked.valid_from and untracked.valid_to
where
    collected.status_events
    and untracked.agent_id is null
    and usage.seconds_in_use > coalesce(days.logged_in_seconds, 0)
