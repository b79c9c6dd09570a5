-- Every logged-in second is in exactly one state, and every unavailable second has exactly one reason. Where nothing tells
-- active time from available time, both are unknown, and together the rest.
select
    agent_id,
    business_date,
    logged_in_seconds,
    unavailable_seconds,
from {{ ref('fct_agent_day') }}
where
    coalesce(
        available_seconds + active_seconds, logged_in_seconds - unavailable_seconds - unclassified_seconds
    )
    + unavailable_seconds + unclassified_seconds
    is distinct from logged_in_seconds
    or (available_seconds is null) is distinct from (active_seconds is null)
    or break_seconds + meeting_seconds + training_seconds + back_office_seconds
    + other_unavailable_seconds
    is distinct from unavailable_seconds
