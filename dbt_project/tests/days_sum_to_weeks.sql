-- Every part of an agent's week is the sum of its days.
with

days as (
    select
        agent_id,
        {{ week_start('business_date') }} as week_start_date,
        {{ sum_of_parts() }}
    from {{ ref('fct_agent_day') }}
    group by agent_id, {{ week_start('business_date') }}
),

weeks as (
    select * from {{ ref('fct_agent_week') }}
)

select
    agent_id,
    week_start_date,
from days
full join weeks using (agent_id, week_start_date)
where
    days.agent_id is null
    or weeks.agent_id is null
    {%- for part in agent_parts() %}
    or days.{{ part.name }} is distinct from weeks.{{ part.name }}
    {%- endfor %}
