{#
  The KPI of an agent around a month: in the month before, in the month after once that is over for the agent, and
  the change between them, signed so that positive is good by the agent's own target.
#}
with

kpi_months as (
    select * from {{ ref('agent_kpi_month') }}
),

kpi_names as (
    select * from {{ ref('kpi_names') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
    where valid_to = date '9999-12-31'
),

context as (
    select * from {{ ref('int_run__context') }}
),

-- Two names of one KPI (aht, aht_seconds) have one value: any of them serves.
kpi_values as (
    select
        kpi_months.agent_id,
        kpi_names.kpi,
        kpi_months.month,
        any_value(kpi_months.value) as value,
        any_value(kpi_months.direction) as direction,
    from kpi_months
    inner join kpi_names
        on kpi_months.kpi = kpi_names.name
    where kpi_months.value is not null
    group by kpi_months.agent_id, kpi_names.kpi, kpi_months.month
),

values_before as (
    select
        agent_id,
        kpi,
        {{ month_start(add_days(month_end('month'), 1)) }} as month,
        value as value_before,
    from kpi_values
),

-- A month that is not over says nothing yet about what followed.
values_after as (
    select
        kpi_values.agent_id,
        kpi_values.kpi,
        {{ month_start(add_days('kpi_values.month', -1)) }} as month,
        kpi_values.value as value_after,
        kpi_values.direction,
    from kpi_values
    cross join context
    inner join profiles
        on kpi_values.agent_id = profiles.agent_id
    where
        {{ month_end('kpi_values.month') }}
        < {{ local_date('context.as_of', 'profiles.time_zone') }}
),

final as (
    select
        agent_id,
        kpi,
        month,
        values_after.direction,
        values_before.value_before,
        values_after.value_after,
        round(
            case values_after.direction
                when 'lower' then values_before.value_before - values_after.value_after
                else values_after.value_after - values_before.value_before
            end,
            {{ var('score_digits') }}
        ) as change,
    from values_before
    full join values_after using (agent_id, kpi, month)
)

select * from final
