-- The intervals that are shown and the seconds of the day are two ways to the same time, state by state.
with

interval_days as (
    select
        agent_id,
        business_date,
        {%- for state in ['available', 'active', 'unavailable'] %}
        coalesce(sum(seconds) filter (where state = '{{ state }}'), 0) as {{ state }}_seconds,
        {%- endfor %}
    from {{ ref('fct_status_interval') }}
    cross join {{ ref('int_run__context') }} as context
    where state != 'away' and {{ is_whole('business_date') }}
    group by agent_id, business_date
),

agent_days as (
    select * from {{ ref('fct_agent_day') }}
    where logged_in_seconds > 0
)

select
    agent_id,
    business_date,
from interval_days
full join agent_days using (agent_id, business_date)
where
    interval_days.available_seconds is distinct from agent_days.available_seconds
    -- Where nothing says who is working there are no active intervals, and a day's active time is null.
    or interval_days.active_seconds is distinct from coalesce(agent_days.active_seconds, 0)
    or interval_days.unavailable_seconds is distinct from agent_days.unavailable_seconds
