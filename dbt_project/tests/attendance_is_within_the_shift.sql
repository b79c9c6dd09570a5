-- What an agent did of a shift is no more than the shift; who was there came and went within it, and nobody else did.
select
    agent_id,
    shift_id,
from {{ ref('fct_attendance') }}
where
    adherent_seconds not between 0 and scheduled_seconds
    or productive_seconds not between 0 and scheduled_seconds
    or late_seconds < 0
    or left_early_seconds < 0
    or late_seconds + left_early_seconds >= {{ epoch_seconds('ends_at') }} - {{ epoch_seconds('starts_at') }}
    or is_absent and (late_seconds is not null or productive_seconds > 0)
    or is_late and late_seconds is null
    or (late_seconds is null) != (left_early_seconds is null)
