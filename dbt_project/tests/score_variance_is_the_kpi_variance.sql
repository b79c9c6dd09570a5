-- The productivity score is a KPI like the others: its row there and the month's own columns agree.
with

months as (
    select * from {{ ref('agent_performance_month') }}
    where productivity_target is not null
),

names as (
    select distinct
        agent_id,
        month,
        kpi_name,
    from {{ ref('int_performance__month_targets') }}
    where kpi = 'productivity_score'
),

kpis as (
    select kpi_months.*
    from {{ ref('agent_kpi_month') }} as kpi_months
    inner join names
        on
            kpi_months.agent_id = names.agent_id
            and kpi_months.month = names.month
            and kpi_months.kpi = names.kpi_name
)

select
    agent_id,
    month,
from months
full join kpis using (agent_id, month)
where
    months.productivity_score is distinct from kpis.value
    or months.productivity_target is distinct from kpis.target
    or months.productivity_variance is distinct from kpis.variance
    or months.productivity_attainment is distinct from kpis.attainment
