-- An agent's intervals neither overlap nor leave a gap, from the first status event to `as_of`; nobody looks at agents
-- whose status was ever untracked, for theirs have gaps by design.
with

intervals as (
    select
        agent_id,
        started_at,
        ended_at,
        seconds,
        lead(started_at) over (
            partition by agent_id order by started_at
        ) as next_started_at,
    from {{ ref('fct_status_interval') }}
),

context as (
    select * from {{ ref('int_run__context') }}
)

select
    intervals.agent_id,
    intervals.started_at,
    intervals.ended_at,
    intervals.next_started_at,
from intervals
cross join context
where
    intervals.agent_id not in (
        select agent_id from {{ ref('int_people__untracked_periods') }}
    )
    and (intervals.ended_at is distinct from coalesce(
        intervals.next_started_at,
        {{ from_epoch_seconds('context.as_of_seconds') }}
    )
    or {{ epoch_seconds('intervals.ended_at') }} - {{ epoch_seconds('intervals.started_at') }}
    != intervals.seconds
    or intervals.seconds <= 0)
