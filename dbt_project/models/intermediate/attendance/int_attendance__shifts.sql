{{ by_change('shifts', {
    'int_attendance__segments': 'shifts',
    'int_activity__status_timeline': 'overlapping_shifts',
}, keeps=true) }}
{#
  One row per shift that is over by `as_of`: its span without time off, the sums of its segments, and who was there.
  What an agent is doing within a status matters to none of it, so the status timeline serves. Statuses and shifts meet by
  agent and UTC day, so that the join grows with the rows and not with their square.
#}
with

segments as (
    select * from {{ ref('int_attendance__segments') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

timeline as (
    select * from {{ ref('int_activity__status_timeline') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

shifts as (
    select
        agent_id,
        shift_id,
        min(starts_seconds) as first_seconds,
        max(ends_seconds) as last_seconds,
        min(starts_seconds) filter (where activity != 'time_off') as starts_seconds,
        max(ends_seconds) filter (where activity != 'time_off') as ends_seconds,
        sum(scheduled_seconds) as scheduled_seconds,
        sum(adherent_seconds) as adherent_seconds,
        sum(productive_seconds) as productive_seconds,
    from segments
    group by agent_id, shift_id
),

finished as (
    select
        shifts.*,
        {{ local_date(from_epoch_seconds('shifts.first_seconds'), 'profiles.time_zone') }}
            as business_date,
    from shifts
    cross join context
    inner join profiles
        on
            shifts.agent_id = profiles.agent_id
            and shifts.first_seconds >= profiles.begins_seconds
            and shifts.first_seconds < profiles.ends_seconds
    where shifts.last_seconds <= context.as_of_seconds
),

status_days as (
    select
        agent_id,
        starts_seconds,
        ends_seconds,
        {{ explode_numbers('starts_seconds // 86400', '(ends_seconds - 1) // 86400') }} as utc_day,
    from timeline
    where status != 'away'
),

shift_days as (
    select
        finished.agent_id,
        finished.shift_id,
        finished.starts_seconds,
        finished.ends_seconds,
        {{ explode_numbers('finished.starts_seconds // 86400', '(finished.ends_seconds - 1) // 86400') }}
            as utc_day,
    from finished
    where finished.scheduled_seconds > 0
),

presence as (
    select
        shift_days.agent_id,
        shift_days.shift_id,
        min(greatest(status_days.starts_seconds, shift_days.starts_seconds)) as first_seconds,
        max(least(status_days.ends_seconds, shift_days.ends_seconds)) as last_seconds,
    from shift_days
    inner join status_days
        on
            shift_days.agent_id = status_days.agent_id
            and shift_days.utc_day = status_days.utc_day
            and shift_days.starts_seconds < status_days.ends_seconds
            and shift_days.ends_seconds > status_days.starts_seconds
    group by shift_days.agent_id, shift_days.shift_id
),

final as (
    select
        finished.agent_id,
        finished.shift_id,
        finished.business_date,
        finished.first_seconds,
        finished.last_seconds,
        finished.starts_seconds,
        finished.ends_seconds,
        cast(finished.scheduled_seconds as bigint) as scheduled_seconds,
        cast(finished.adherent_seconds as bigint) as adherent_seconds,
        cast(finished.productive_seconds as bigint) as productive_seconds,
        finished.scheduled_seconds > 0 and presence.first_seconds is null as is_absent,
        cast(presence.first_seconds - finished.starts_seconds as bigint) as late_seconds,
        cast(finished.ends_seconds - presence.last_seconds as bigint) as left_early_seconds,
    from finished
    left join presence
        on
            finished.agent_id = presence.agent_id
            and finished.shift_id = presence.shift_id
)

select * from final
