with

target_periods as (
    select * from {{ ref('int_performance__target_periods') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

final as (
    select
        case target_periods.preference
            when 1 then 'team'
            when 2 then 'every_team'
            else 'standard'
        end as scope,
        target_periods.team_id,
        target_periods.kpi_name as kpi,
        target_periods.direction,
        target_periods.target,
        target_periods.coaching_threshold,
        target_periods.critical_threshold,
        target_periods.valid_from,
        nullif(target_periods.valid_to, date '9999-12-31') as valid_to,
        target_periods.review_due_on,
        {{ local_date('context.as_of', "'UTC'") }}
        between target_periods.valid_from and target_periods.valid_to as is_in_force,
        {{ local_date('context.as_of', "'UTC'") }}
        between target_periods.valid_from and target_periods.valid_to
        and coalesce(
            target_periods.review_due_on < {{ local_date('context.as_of', "'UTC'") }},
            false
        ) as is_review_overdue,
    from target_periods
    cross join context
)

select * from final
