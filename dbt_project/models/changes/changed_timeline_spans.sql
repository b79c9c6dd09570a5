{#
  Seconds of an agent in which the status timeline may differ: around each event that is new, gone, changed or only now
  seen, from the first event of the day with events before it to the first of the day with events after it. The last
  event before the last `as_of` is one of them, for its interval was cut there.
#}
with

build as (
    select * from {{ this_build() }}
    where base_id is not null
),

changed_events as (
    select
        agent_id,
        {{ epoch_seconds('occurred_at') }} as at_seconds,
    from {{ changes_of('stg_landing__status_events') }}
),

events as {{ not_materialized() }} (
    select
        events.agent_id,
        events.occurred_at,
        {{ epoch_seconds('events.occurred_at') }} as at_seconds,
        events.occurred_at > build.base_as_of as is_new,
    from {{ ref('stg_landing__status_events') }} as events
    cross join build
    where events.occurred_at <= build.as_of
),

touched_days as (
    select agent_id, at_seconds // 86400 as utc_day from changed_events
    union
    select agent_id, at_seconds // 86400 as utc_day from events
    where is_new
    union
    select agent_id, max(at_seconds) // 86400 as utc_day from events
    where not is_new
    group by agent_id
),

event_days as (
    select
        agent_id,
        at_seconds // 86400 as utc_day,
        min(at_seconds) as first_seconds,
    from (
        select agent_id, at_seconds from events
        union all
        select agent_id, at_seconds from changed_events
    ) as events_then_and_now
    group by agent_id, at_seconds // 86400
),

neighbours as (
    select
        agent_id,
        utc_day,
        coalesce(lag(first_seconds) over agent_days, -9000000000) as from_seconds,
        coalesce(lead(first_seconds) over agent_days, 900000000000) as to_seconds,
    from event_days
    window agent_days as (
        partition by agent_id order by utc_day
    )
),

final as (
    select
        neighbours.agent_id,
        neighbours.from_seconds,
        neighbours.to_seconds,
    from neighbours
    inner join touched_days
        on
            neighbours.agent_id = touched_days.agent_id
            and neighbours.utc_day = touched_days.utc_day
    cross join build
)

select * from final
