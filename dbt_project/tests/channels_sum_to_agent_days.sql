-- Over the channels, what an agent handled is what the day says, and the month of a
-- channel is the sum of its days.
with

channel_days as (
    select
        agent_id,
        business_date,
        {{ sum_of_parts(contact_parts()) }}
    from {{ ref('fct_agent_channel_day') }}
    group by agent_id, business_date
),

agent_days as (
    select * from {{ ref('fct_agent_day') }}
    where handled_contacts > 0
),

days_by_month as (
    select
        agent_id,
        {{ month_start('business_date') }} as month,
        channel,
        {{ sum_of_parts(contact_parts()) }}
    from {{ ref('fct_agent_channel_day') }}
    group by agent_id, {{ month_start('business_date') }}, channel
),

channel_months as (
    select * from {{ ref('fct_agent_channel_month') }}
)

select
    'day' as broken,
    agent_id,
    business_date as dated,
    null as channel,
from channel_days
full join agent_days using (agent_id, business_date)
where
    {%- for part in contact_parts() %}
    channel_days.{{ part.name }} is distinct from agent_days.{{ part.name }}
    {{- ' or' if not loop.last }}
    {%- endfor %}

union all

select
    'month' as broken,
    agent_id,
    month as dated,
    channel,
from days_by_month
full join channel_months using (agent_id, month, channel)
where
    {%- for part in contact_parts() %}
    days_by_month.{{ part.name }} is distinct from channel_months.{{ part.name }}
    {{- ' or' if not loop.last }}
    {%- endfor %}
