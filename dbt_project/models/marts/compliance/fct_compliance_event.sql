with

events as (
    {{ with_business_date(ref('stg_landing__compliance_events'), 'occurred_at') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

final as (
    select
        events.event_id,
        events.agent_id,
        events.business_date,
        profiles.team_id,
        events.occurred_at,
        events.policy,
        events.regulation,
        events.severity,
        events.description,
        events.disciplinary_step,
        events.escalated_to,
        {{ seen_instant('events.resolved_at') }} as resolved_at,
        coalesce(events.resolved_at <= context.as_of, false) as is_resolved,
    from events
    cross join context
    left join profiles
        on
            events.agent_id = profiles.agent_id
            and events.business_date between profiles.valid_from and profiles.valid_to
)

select * from final
