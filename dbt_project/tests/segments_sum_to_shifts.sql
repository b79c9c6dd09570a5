-- A shift is the sum of its segments.
select
    agent_id,
    shift_id,
from (
    select
        agent_id,
        shift_id,
        sum(scheduled_seconds) as scheduled_seconds,
        sum(adherent_seconds) as adherent_seconds,
    from {{ ref('fct_attendance_segment') }}
    group by agent_id, shift_id
) as segments
full join {{ ref('fct_attendance') }} as shifts using (agent_id, shift_id)
where
    segments.scheduled_seconds is distinct from shifts.scheduled_seconds
    or segments.adherent_seconds is distinct from shifts.adherent_seconds
