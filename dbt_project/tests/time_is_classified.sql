-- Time that no row of source_statuses places: it is in no other state, and somebody has to say what it is.
{{ config(severity = 'warn') }}
select
    agent_id,
    business_date,
    unclassified_seconds,
from {{ ref('fct_agent_day') }}
where unclassified_seconds > 0
