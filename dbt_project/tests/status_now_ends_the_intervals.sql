-- Where nothing happens at `as_of` itself, the state is that of the last interval.
select
    now.agent_id,
    now.state,
    intervals.state as last_state,
from {{ ref('agent_status_now') }} as now
inner join {{ ref('fct_status_interval') }} as intervals
    on
        now.agent_id = intervals.agent_id
        and now.as_of = intervals.ended_at
where
    now.since_at is null
    or now.since_at < now.as_of
    and (
        now.state != intervals.state
        or now.reason is distinct from intervals.reason
        or now.since_at > intervals.started_at
    )
