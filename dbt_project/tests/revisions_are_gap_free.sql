-- The revisions of an agent and month are 1, 2, 3 …, each of a later close, and exactly the last one is current.
select
    agent_id,
    month,
from {{ ref('monthly_performance_summary') }}
group by agent_id, month
having
    min(revision) != 1
    or max(revision) != count(*)
    or count(distinct close_number) != count(*)
    or arg_max(close_number, revision) != max(close_number)
    or count(*) filter (where is_current) != 1
    or max(revision) filter (where is_current) is distinct from max(revision)
