{#
  Who was trained or coached on which KPI in which month; several times in a month
  count once.
#}
with

trainings as (
    select * from {{ ref('fct_training') }}
),

feedback as (
    select * from {{ ref('fct_feedback') }}
),

kpi_names as (
    select * from {{ ref('kpi_names') }}
),

final as (
    select distinct
        'training' as intervention,
        trainings.course as subject,
        kpi_names.kpi,
        {{ month_start('trainings.business_date') }} as month,
        trainings.agent_id,
    from trainings
    inner join kpi_names
        on trainings.kpi = kpi_names.name

    union all

    select distinct
        'coaching' as intervention,
        kpi_names.kpi as subject,
        kpi_names.kpi,
        {{ month_start('feedback.business_date') }} as month,
        feedback.agent_id,
    from feedback
    inner join kpi_names
        on feedback.kpi = kpi_names.name
)

select * from final
