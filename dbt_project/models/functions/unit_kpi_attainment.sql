{{ config(parameters=['of_month'] + unit_filters()) }}

with

kpis as (
    select * from {{ mart('agent_kpi_month') }} as kpis
    where kpis.month = {{ month_start('cast(of_month as date)') }}
),

agent_days as (
    select * from {{ mart('fct_agent_day') }} as days
    where
        {{ month_start('days.business_date') }}
        = {{ month_start('cast(of_month as date)') }}
),

labelled as (
    {{ labelled_by_unit('agent_days') }}
),

unit_names as (
    {{ unit_names() }}
),

-- An agent counts in each unit in which the month has a day of his.
members as (
    {% call summed_by_unit('labelled', ['agent_id']) %}
    count(*) as days,
    {% endcall %}
),

summed as (
    select
        members.level,
        members.unit_id,
        kpis.kpi,
        count(*) as agents,
        count(*) filter (where kpis.met) as met,
        count(*) filter (where not kpis.met) as not_met,
        count(*) filter (where kpis.inconclusive) as inconclusive,
    from members
    inner join kpis
        on members.agent_id = kpis.agent_id
    group by members.level, members.unit_id, kpis.kpi
),

final as (
    select
        {{ unit_columns('summed') }}
        summed.kpi,
        summed.agents,
        summed.met,
        summed.not_met,
        summed.inconclusive,
    from summed
    {{ join_unit_names('summed') }}
)

select * from final
