with

trainings as (
    {{ with_business_date(ref('stg_landing__training_records'), 'completed_at') }}
),

kpi_names as (
    select * from {{ ref('kpi_names') }}
),

kpi_months as (
    select * from {{ ref('agent_kpi_month') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

-- Two names of one KPI (aht, aht_seconds) have one value: any of them serves.
kpi_values as (
    select
        kpi_months.agent_id,
        kpi_months.month,
        kpi_names.kpi,
        any_value(kpi_months.value) as value,
    from kpi_months
    inner join kpi_names
        on kpi_months.kpi = kpi_names.name
    group by kpi_months.agent_id, kpi_months.month, kpi_names.kpi
),

dated as (
    select
        trainings.*,
        kpi_names.kpi as figure,
        {{ month_start(add_days(month_start('trainings.business_date'), -1)) }}
            as month_before,
        {{ month_start(add_days(month_end('trainings.business_date'), 1)) }}
            as month_after,
    from trainings
    left join kpi_names
        on trainings.kpi = kpi_names.name
),

-- A month that is not over says nothing yet about what the training brought.
final as (
    select
        dated.record_id,
        dated.agent_id,
        dated.business_date,
        profiles.team_id,
        dated.course,
        dated.kpi,
        dated.completed_at,
        dated.pre_score,
        dated.post_score,
        cast(dated.post_score - dated.pre_score as decimal(18, 9)) as score_gain,
        values_before.value as kpi_value_before,
        case
            when
                {{ month_end('dated.month_after') }}
                < {{ local_date('context.as_of', 'current_profiles.time_zone') }}
                then values_after.value
        end as kpi_value_after,
    from dated
    cross join context
    left join profiles
        on
            dated.agent_id = profiles.agent_id
            and dated.business_date between profiles.valid_from and profiles.valid_to
    left join profiles as current_profiles
        on
            dated.agent_id = current_profiles.agent_id
            and current_profiles.valid_to = date '9999-12-31'
    left join kpi_values as values_before
        on
            dated.agent_id = values_before.agent_id
            and dated.figure = values_before.kpi
            and dated.month_before = values_before.month
    left join kpi_values as values_after
        on
            dated.agent_id = values_after.agent_id
            and dated.figure = values_after.kpi
            and dated.month_after = values_after.month
)

select * from final
