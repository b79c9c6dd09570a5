with

trainings as (
    {{ with_business_date(ref('stg_landing__training_records'), 'completed_at') }}
),

kpi_names as (
    select * from {{ ref('kpi_names') }}
),

kpi_changes as (
    select * from {{ ref('int_coaching__kpi_changes') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

dated as (
    select
        trainings.*,
        kpi_names.kpi as figure,
    from trainings
    left join kpi_names
        on trainings.kpi = kpi_names.name
),

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
        kpi_changes.value_before as kpi_value_before,
        kpi_changes.value_after as kpi_value_after,
    from dated
    left join profiles
        on
            dated.agent_id = profiles.agent_id
            and dated.business_date between profiles.valid_from and profiles.valid_to
    left join kpi_changes
        on
            dated.agent_id = kpi_changes.agent_id
            and dated.figure = kpi_changes.kpi
            and {{ month_start('dated.business_date') }} = kpi_changes.month
)

select * from final
