{#
  One row per agent and business date of the agent's activity: the second at which that date begins for the agent, and the
  one at which the next begins or, of the last date, `as_of`.
#}
with

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

local_days as (
    select * from {{ ref('int_people__local_days') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

activity as (
    select
        agent_id,
        min(first_at) as first_at,
    from (
        select agent_id, min(occurred_at) as first_at
        from {{ ref('stg_landing__status_events') }}
        group by agent_id
        union all
        select agent_id, min(answered_at) as first_at
        from {{ ref('stg_landing__interactions') }}
        where agent_id is not null and answered_at is not null
        group by agent_id
    )
    group by agent_id
),

starts as (
    select
        profiles.agent_id,
        local_days.local_date as business_date,
        min(greatest(local_days.starts_seconds, profiles.begins_seconds)) as starts_seconds,
    from profiles
    inner join activity
        on profiles.agent_id = activity.agent_id
    inner join local_days
        on profiles.time_zone = local_days.time_zone
    cross join context
    where
        local_days.ends_seconds > profiles.begins_seconds
        and local_days.starts_seconds < profiles.ends_seconds
        and local_days.ends_seconds > {{ epoch_seconds('activity.first_at') }}
        and local_days.starts_seconds < context.as_of_seconds
    group by profiles.agent_id, local_days.local_date
),

final as (
    select
        starts.agent_id,
        starts.business_date,
        starts.starts_seconds,
        coalesce(
            lead(starts.starts_seconds) over (
                partition by starts.agent_id order by starts.business_date
            ),
            context.as_of_seconds
        ) as ends_seconds,
    from starts
    cross join context
)

select * from final
