{{ by_change('shifts', {
    'stg_landing__shifts': 'shifts',
    'int_activity__status_timeline': 'overlapping_shifts',
}) }}
{#
  One row per segment of a shift: how the agent's time fits it.
  What an agent is doing within a status matters to none of it, so the status timeline serves. Statuses and segments meet
  by agent and UTC day, so that the join grows with the rows and not with their square.
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

timeline as (
    select * from {{ ref('int_activity__status_timeline') }}
),

states as (
    select * from {{ ref('int_activity__states') }}
),

status_days as (
    select
        timeline.agent_id,
        timeline.starts_seconds,
        timeline.ends_seconds,
        timeline.status,
        states.reason_group,
        {{ explode_numbers('timeline.starts_seconds // 86400', '(timeline.ends_seconds - 1) // 86400') }}
            as utc_day,
    from timeline
    inner join states
        on
            timeline.status = states.status
            and timeline.reason is not distinct from states.reason
            and timeline.missing_clock_out = states.missing_clock_out
    where timeline.status != 'away'
),

segment_days as (
    select
        segments.agent_id,
        segments.segment_id,
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
        segment_days.segment_id,
        segment_days.activity,
        status_days.status,
        status_days.reason_group,
        greatest(segment_days.starts_seconds, status_days.starts_seconds) as starts_seconds,
        least(segment_days.ends_seconds, status_days.ends_seconds) as ends_seconds,
    from segment_days
    inner join status_days
        on
            segment_days.agent_id = status_days.agent_id
            and segment_days.utc_day = status_days.utc_day
            and segment_days.starts_seconds < status_days.ends_seconds
            and segment_days.ends_seconds > status_days.starts_seconds
),

worked as (
    select
        segment_id,
        sum(ends_seconds - starts_seconds) filter (
            where
            activity = 'work'
            and (status in ('available', 'active') or (status = 'unavailable' and reason_group = 'back_office'))
            or activity in ('meeting', 'training') and status = 'unavailable' and reason_group = activity
        ) as fitting_seconds,
        -- A break fits whatever is not logged in as something else, so what does not fit is counted.
        sum(ends_seconds - starts_seconds) filter (
            where activity = 'break' and not (status = 'unavailable' and reason_group = 'break')
        ) as worked_break_seconds,
        sum(ends_seconds - starts_seconds) filter (
            where status in ('available', 'active')
        ) as productive_seconds,
    from shared_time
    group by segment_id
),

final as (
    select
        segments.segment_id,
        segments.shift_id,
        segments.agent_id,
        segments.activity,
        segments.starts_seconds,
        segments.ends_seconds,
        cast(
            case
                when segments.activity = 'time_off' then 0
                else segments.ends_seconds - segments.starts_seconds
            end as bigint
        ) as scheduled_seconds,
        cast(
            case segments.activity
                when 'break'
                    then
                        segments.ends_seconds - segments.starts_seconds
                        - coalesce(worked.worked_break_seconds, 0)
                else coalesce(worked.fitting_seconds, 0)
            end as bigint
        ) as adherent_seconds,
        cast(coalesce(worked.productive_seconds, 0) as bigint) as productive_seconds,
    from segments
    left join worked
        on segments.segment_id = worked.segment_id
)

select * from final
