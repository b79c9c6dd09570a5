{# Attendance of each agent and shift date. Lateness is null where every shift of the date was missed. #}
with

shifts as (
    select * from {{ ref('int_attendance__shifts') }}
),

final as (
    select
        agent_id,
        business_date,
        count(*) as shift_count,
        cast(sum(scheduled_seconds) as bigint) as scheduled_seconds,
        cast(sum(adherent_seconds) as bigint) as adherent_seconds,
        case
            when bool_and(is_absent) then null
            else cast(coalesce(sum(late_seconds), 0) as bigint)
        end as late_seconds,
    from shifts
    group by agent_id, business_date
)

select * from final
