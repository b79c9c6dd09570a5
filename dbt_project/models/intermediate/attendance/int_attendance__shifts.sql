{#
  One row per shift that is over by `as_of`: its span without time off, and how the agent's time fits its segments.
  Pieces and segments meet by agent and UTC day, so that the join grows with the rows and not with their square.
#}
with

segments as (
    select
        segment_id,
        shift_id,
        agent_id,
        activity,
        {{ epoch_seconds('starts_at') }} as starts_seconds,
        {{ epoch_seconds('ends_at') }} as ends_seconds,
    from {{ ref('stg_landing__shifts') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

pieces as (
    select * from {{ ref('int_activity__pieces') }}
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
        coalesce(sum(ends_seconds - starts_seconds) filter (where activity != 'time_off'), 0)
            as scheduled_seconds,
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

piece_days as (
    select
        agent_id,
        starts_seconds,
        ends_seconds,
        state,
        reason_group,
        {{ explode_numbers('starts_seconds // 86400', '(ends_seconds - 1) // 86400') }} as utc_day,
    from pieces
    where state != 'away'
),

segment_days as (
    select
        segments.agent_id,
        segments.shift_id,
        segments.activity,
        greatest(segments.starts_seconds, days.utc_day * 86400) as starts_seconds,
        least(segments.ends_seconds, (days.utc_day + 1) * 86400) as ends_seconds,
        days.utc_day,
    from segments
    cross join lateral (
        select
            {{ explode_numbers('segments.starts_seconds // 86400', '(segments.ends_seconds - 1) // 86400') }}
                as utc_day
    ) as days
    where segments.activity != 'time_off'
),

shared_time as (
    select
        segment_days.agent_id,
        segment_days.shift_id,
        segment_days.activity,
        piece_days.state,
        piece_days.reason_group,
        greatest(segment_days.starts_seconds, piece_days.starts_seconds) as starts_seconds,
        least(segment_days.ends_seconds, piece_days.ends_seconds) as ends_seconds,
    from segment_days
    inner join piece_days
        on
            segment_days.agent_id = piece_days.agent_id
            and segment_days.utc_day = piece_days.utc_day
            and segment_days.starts_seconds < piece_days.ends_seconds
            and segment_days.ends_seconds > piece_days.starts_seconds
),

worked as (
    select
        agent_id,
        shift_id,
        sum(ends_seconds - starts_seconds) filter (
            where
            activity = 'work'
            and (state in ('available', 'active') or (state = 'unavailable' and reason_group = 'back_office'))
            or activity in ('meeting', 'training') and state = 'unavailable' and reason_group = activity
        ) as fitting_seconds,
        -- A break fits whatever is not logged in as something else, so what does not fit is counted.
        sum(ends_seconds - starts_seconds) filter (
            where activity = 'break' and not (state = 'unavailable' and reason_group = 'break')
        ) as worked_break_seconds,
        sum(ends_seconds - starts_seconds) filter (
            where state in ('available', 'active')
        ) as productive_seconds,
    from shared_time
    group by agent_id, shift_id
),

breaks as (
    select
        agent_id,
        shift_id,
        sum(ends_seconds - starts_seconds) as break_seconds,
    from segments
    where activity = 'break'
    group by agent_id, shift_id
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
        min(greatest(piece_days.starts_seconds, shift_days.starts_seconds)) as first_seconds,
        max(least(piece_days.ends_seconds, shift_days.ends_seconds)) as last_seconds,
    from shift_days
    inner join piece_days
        on
            shift_days.agent_id = piece_days.agent_id
            and shift_days.utc_day = piece_days.utc_day
            and shift_days.starts_seconds < piece_days.ends_seconds
            and shift_days.ends_seconds > piece_days.starts_seconds
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
        cast(
            coalesce(worked.fitting_seconds, 0)
            + coalesce(breaks.break_seconds, 0)
            - coalesce(worked.worked_break_seconds, 0)
            as bigint
        ) as adherent_seconds,
        cast(coalesce(worked.productive_seconds, 0) as bigint) as productive_seconds,
        finished.scheduled_seconds > 0 and presence.first_seconds is null as is_absent,
        cast(presence.first_seconds - finished.starts_seconds as bigint) as late_seconds,
        cast(finished.ends_seconds - presence.last_seconds as bigint) as left_early_seconds,
    from finished
    left join worked
        on
            finished.agent_id = worked.agent_id
            and finished.shift_id = worked.shift_id
    left join breaks
        on
            finished.agent_id = breaks.agent_id
            and finished.shift_id = breaks.shift_id
    left join presence
        on
            finished.agent_id = presence.agent_id
            and finished.shift_id = presence.shift_id
)

select * from final
