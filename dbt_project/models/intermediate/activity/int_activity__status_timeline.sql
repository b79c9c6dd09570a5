{{ by_change('timeline', {'stg_landing__status_events': 'events_of_timeline'}, keeps=true) }}
{#
  What the status events say, as gap-free seconds from an agent's first event to `as_of`.
  A status other than away that lasts longer than the cap is cut there; the rest is away (a missing clock-out).
#}
with

events as (
    select * from {{ ref('stg_landing__status_events') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

held as (
    select
        events.agent_id,
        events.status,
        events.reason,
        events.unit,
        {{ epoch_seconds('events.occurred_at') }} as starts_seconds,
        coalesce(
            lead({{ epoch_seconds('events.occurred_at') }}) over (
                partition by events.agent_id
                order by events.occurred_at, events.event_id
            ),
            context.as_of_seconds
        ) as ends_seconds,
    from events
    cross join context
    where events.occurred_at <= context.as_of
),

capped as (
    select
        *,
        status != 'away'
        and ends_seconds - starts_seconds > {{ var('max_status_interval_hours') * 3600 }}
            as missing_clock_out,
    from held
    where ends_seconds > starts_seconds
),

final as (
    select
        agent_id,
        starts_seconds,
        case
            when missing_clock_out
                then starts_seconds + {{ var('max_status_interval_hours') * 3600 }}
            else ends_seconds
        end as ends_seconds,
        status,
        case when status in ('away', 'unavailable') then reason end as reason,
        missing_clock_out,
    from capped

    union all

    select
        agent_id,
        starts_seconds + {{ var('max_status_interval_hours') * 3600 }} as starts_seconds,
        ends_seconds,
        'away' as status,
        cast(null as varchar) as reason,
        missing_clock_out,
    from capped
    where missing_clock_out
)

select * from final
