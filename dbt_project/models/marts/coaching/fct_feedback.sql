with

sessions as (
    {{ with_business_date(ref('stg_landing__feedback_sessions'), 'held_at') }}
),

acknowledged as (
    {{ with_business_date(ref('stg_landing__feedback_sessions'), 'acknowledged_at') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

-- The response comes with the acknowledgement: one after `as_of` is not known yet.
final as (
    select
        sessions.feedback_id,
        sessions.agent_id,
        sessions.business_date,
        profiles.team_id,
        sessions.supervisor_id,
        sessions.held_at,
        sessions.kpi,
        sessions.notes,
        case
            when
                acknowledged.feedback_id is not null
                or sessions.acknowledged_at is null
                then sessions.agent_response
        end as agent_response,
        acknowledged.acknowledged_at,
        acknowledged.feedback_id is not null as is_acknowledged,
        case
            when acknowledged.feedback_id is not null
                then
                    greatest(
                        {{ day_number('acknowledged.business_date') }}
                        - {{ day_number('sessions.business_date') }},
                        0
                    )
        end as days_to_acknowledge,
        sessions.task_id,
    from sessions
    left join acknowledged
        on sessions.feedback_id = acknowledged.feedback_id
    left join profiles
        on
            sessions.agent_id = profiles.agent_id
            and sessions.business_date between profiles.valid_from and profiles.valid_to
)

select * from final
