-- Every part of an agent's month is the sum of its days.
with

days as (
    select
        agent_id,
        {{ month_start('business_date') }} as month,
        {{ sum_of_parts() }}
    from {{ ref('fct_agent_day') }}
    group by agent_id, {{ month_start('business_date') }}
),

months as (
    select * from {{ ref('fct_agent_month') }}
)

select
    agent_id,
    month,
from days
full join months using (agent_id, month)
where
    days.agent_id is null
    or months.agent_id is null
    {%- for part in agent_parts() %}
    or days.{{ part.name }} is distinct from months.{{ part.name }}
    {%- endfor %}
