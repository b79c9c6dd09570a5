{#
  Shifts of which anything may differ: changed, over since the last build, or on a changed date. Seconds: of all their
  segments, and on to where the agent had clocked out (`until_seconds`).
#}
with

build as (
    select * from {{ this_build() }}
    where base_id is not null
),

changed_segments as (
    select * from {{ changes_of('stg_landing__shifts') }}
),

segments as (
    select agent_id, shift_id, starts_at, ends_at from {{ ref('stg_landing__shifts') }}
    union all
    select agent_id, shift_id, starts_at, ends_at from changed_segments
),

shifts as (
    select
        agent_id,
        shift_id,
        min({{ epoch_seconds('starts_at') }}) as from_seconds,
        max({{ epoch_seconds('ends_at') }}) as to_seconds,
    from segments
    group by agent_id, shift_id
),

stretches as (
    select * from {{ ref('changed_stretches') }}
),

on_changed_dates as (
    select
        shifts.agent_id,
        shifts.shift_id,
        max(stretches.to_seconds) as until_seconds,
    from shifts
    inner join stretches
        on
            shifts.agent_id = stretches.agent_id
            and shifts.from_seconds < stretches.to_seconds
            and shifts.to_seconds > stretches.from_seconds
    group by shifts.agent_id, shifts.shift_id
),

final as (
    select
        shifts.agent_id,
        shifts.shift_id,
        shifts.from_seconds,
        shifts.to_seconds,
        greatest(shifts.to_seconds + 1, coalesce(on_changed_dates.until_seconds, 900000000000)) as until_seconds,
    from shifts
    cross join build
    left join on_changed_dates
        on
            shifts.agent_id = on_changed_dates.agent_id
            and shifts.shift_id = on_changed_dates.shift_id
    left join (select distinct agent_id, shift_id from changed_segments) as changed_segments
        on
            shifts.agent_id = changed_segments.agent_id
            and shifts.shift_id = changed_segments.shift_id
    where
        on_changed_dates.shift_id is not null
        or changed_segments.shift_id is not null
        or (
            shifts.to_seconds > {{ epoch_seconds('build.base_as_of') }}
            and shifts.to_seconds <= {{ epoch_seconds('build.as_of') }}
        )
)

select * from final
