{# Every target with the dates it is in force. A null team is the target of every team without one of its own. #}
with

targets as (
    select * from {{ ref('stg_landing__kpi_targets') }}
),

names as (
    select * from {{ ref('kpi_names') }}
),

standards as (
    select * from {{ ref('kpi_standards') }}
),

-- The name as fed is the name shown, as long as a centre uses one name for one KPI.
shown_names as (
    select
        names.kpi,
        case when count(distinct targets.kpi) = 1 then min(targets.kpi) else names.kpi end as shown_name,
    from targets
    inner join names
        on targets.kpi = names.name
    group by names.kpi
),

named as (
    select
        targets.team_id,
        names.kpi,
        targets.direction,
        targets.target,
        targets.coaching_threshold,
        targets.critical_threshold,
        targets.effective_from,
        targets.review_due_on,
        case when targets.team_id is null then 2 else 1 end as preference,
    from targets
    inner join names
        on targets.kpi = names.name
    qualify
        row_number() over (
            partition by targets.team_id, names.kpi, targets.effective_from
            order by targets.kpi
        ) = 1

    union all

    select
        cast(null as varchar) as team_id,
        kpi,
        direction,
        cast(target as decimal(18, 9)) as target,
        coaching_threshold,
        critical_threshold,
        effective_from,
        review_due_on,
        3 as preference,
    from standards
),

final as (
    select
        named.team_id,
        named.kpi,
        coalesce(shown_names.shown_name, named.kpi) as kpi_name,
        named.direction,
        named.target,
        coalesce(named.coaching_threshold, named.target) as coaching_threshold,
        coalesce(
            named.critical_threshold,
            case
                when named.direction = 'lower' then cast(named.target as double) / {{ var('default_critical_share') }}
                else named.target * {{ var('default_critical_share') }}
            end
        ) as critical_threshold,
        named.review_due_on,
        named.preference,
        named.effective_from as valid_from,
        coalesce(
            {{ add_days(
                "lead(named.effective_from) over (partition by named.preference, named.team_id, named.kpi order by named.effective_from)",
                -1
            ) }},
            date '9999-12-31'
        ) as valid_to,
    from named
    left join shown_names
        on named.kpi = shown_names.kpi
)

select * from final
