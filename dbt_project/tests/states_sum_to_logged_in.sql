-- Every logged-in second is in exactly one state, and every unavailable second has exactly one reason. Where nothing
-- says who is working, active time is null and all of it available.
select
    agent_id,
    business_date,
    logged_in_seconds,
    unavailable_seconds,
from {{ ref('fct_agent_day') }}
where
    available_seconds + coalesce(active_seconds, 0) + unavailable_seconds + unclassified_seconds
    is distinct from logged_in_seconds
    or break_seconds + meeting_seconds + training_seconds + back_office_seconds
    + other_unavailable_seconds
    is distinct from unavailable_seconds
