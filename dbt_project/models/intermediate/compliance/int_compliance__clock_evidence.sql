{{ by_change('stretches', {
    'int_activity__pieces': 'stretches',
    'int_activity__status_timeline': 'overlapping_stretches',
    'int_activity__handling_intervals': 'overlapping_stretches',
    'fct_status_interval': 'stretches',
    'fct_agent_day': 'stretches',
    'stg_landing__status_events': 'events_of_stretches',
}) }}
{#
  What the clock says against the rules: work off the clock, clock-outs that are missing or came too early, blank
  reasons, long idle stretches. Days on which an agent's status is not tracked are left out.
  Intervals and contacts meet by agent and UTC day, so that the joins grow with the rows and not with their square.
#}
with

pieces as (
    select * from {{ ref('int_activity__pieces') }}
),

timeline as (
    select * from {{ ref('int_activity__status_timeline') }}
),

handling as (
    select * from {{ ref('int_activity__handling_intervals') }}
),

status_intervals as {{ not_materialized() }} (
    select * from {{ ref('fct_status_interval') }}
),

agent_days as (
    select * from {{ ref('fct_agent_day') }}
),

local_dates as (
    select * from {{ ref('int_people__agent_days') }}
),

events as {{ not_materialized() }} (
    select * from {{ ref('stg_landing__status_events') }}
),

reasons as (
    select * from {{ ref('status_reasons') }}
),

inactivity_limits as (
    select * from {{ ref('int_rules__team_limits') }}
    where limit_name = 'inactivity_seconds'
),

untracked_periods as (
    select * from {{ ref('int_people__untracked_periods') }}
),

handling_days as (
    select
        interaction_id,
        agent_id,
        starts_seconds,
        ends_seconds,
        {{ explode_numbers('starts_seconds // 86400', '(ends_seconds - 1) // 86400') }}
            as utc_day,
    from handling
),

off_clock_days as (
    select
        agent_id,
        business_date,
        starts_seconds,
        ends_seconds,
        {{ explode_numbers('starts_seconds // 86400', '(ends_seconds - 1) // 86400') }}
            as utc_day,
    from pieces
    where state = 'away' and handling_depth > 0
),

off_clock_work as (
    select distinct
        'off_clock_work' as finding_rule,
        off_clock_days.agent_id,
        off_clock_days.business_date,
        cast(off_clock_days.business_date as varchar) as subject,
        'interactions' as dataset,
        handling_days.interaction_id as record_id,
        agent_days.off_clock_handling_seconds as finding_seconds,
    from off_clock_days
    inner join handling_days
        on
            off_clock_days.agent_id = handling_days.agent_id
            and off_clock_days.utc_day = handling_days.utc_day
            and off_clock_days.starts_seconds < handling_days.ends_seconds
            and off_clock_days.ends_seconds > handling_days.starts_seconds
    inner join agent_days
        on
            off_clock_days.agent_id = agent_days.agent_id
            and off_clock_days.business_date = agent_days.business_date
),

missing as (
    select
        agent_id,
        starts_seconds as at_seconds,
        ends_seconds - starts_seconds as finding_seconds,
    from timeline
    where missing_clock_out and status != 'away'
),

clock_outs as (
    select
        agent_id,
        starts_seconds,
        status = 'away'
        and lag(status) over (
            partition by agent_id order by starts_seconds
        ) != 'away' as is_clock_out,
        missing_clock_out,
    from timeline
),

interrupting as (
    select
        clock_outs.agent_id,
        clock_outs.starts_seconds as at_seconds,
        handling_days.interaction_id,
        handling_days.ends_seconds - clock_outs.starts_seconds as seconds_left,
    from clock_outs
    inner join handling_days
        on
            clock_outs.agent_id = handling_days.agent_id
            and clock_outs.starts_seconds // 86400 = handling_days.utc_day
            and clock_outs.starts_seconds > handling_days.starts_seconds
            and clock_outs.starts_seconds < handling_days.ends_seconds
    where clock_outs.is_clock_out and not clock_outs.missing_clock_out
),

blank_events as (
    select events.*
    from events
    left join reasons
        on events.reason = reasons.reason
    where
        events.status = 'unavailable'
        and (events.reason is null or coalesce(reasons.says_nothing, false))
),

-- The event that holds from a second on: of several in that second the last. Few are asked for, all before `as_of`.
holding_events as (
    select events.*
    from events
    semi join (
        select agent_id, at_seconds from missing
        union
        select agent_id, at_seconds from interrupting
    ) as asked_for
        on
            events.agent_id = asked_for.agent_id
            and {{ epoch_seconds('events.occurred_at') }} = asked_for.at_seconds
    qualify
        row_number() over (
            partition by events.agent_id, {{ epoch_seconds('events.occurred_at') }}
            order by events.occurred_at desc, events.event_id desc
        ) = 1
),

named_events as (
    select *, true as is_blank from blank_events
    union all
    select *, false as is_blank from holding_events
),

dated_events as (
    {{ with_business_date('named_events', 'occurred_at') }}
),

missing_clock_outs as (
    select
        'missing_clock_out' as finding_rule,
        dated_events.agent_id,
        dated_events.business_date,
        dated_events.event_id as subject,
        'status_events' as dataset,
        dated_events.event_id as record_id,
        missing.finding_seconds,
    from missing
    inner join dated_events
        on
            missing.agent_id = dated_events.agent_id
            and missing.at_seconds = {{ epoch_seconds('dated_events.occurred_at') }}
    where not dated_events.is_blank
),

interrupted as (
    select
        dated_events.agent_id,
        dated_events.business_date,
        dated_events.event_id,
        interrupting.interaction_id,
        interrupting.seconds_left,
    from interrupting
    inner join dated_events
        on
            interrupting.agent_id = dated_events.agent_id
            and interrupting.at_seconds = {{ epoch_seconds('dated_events.occurred_at') }}
    where not dated_events.is_blank
),

clock_outs_while_handling as (
    select
        'clock_out_while_handling' as finding_rule,
        agent_id,
        business_date,
        event_id as subject,
        'interactions' as dataset,
        interaction_id as record_id,
        max(seconds_left) over (partition by event_id) as finding_seconds,
    from interrupted

    union all

    select
        'clock_out_while_handling' as finding_rule,
        agent_id,
        business_date,
        event_id as subject,
        'status_events' as dataset,
        event_id as record_id,
        max(seconds_left) as finding_seconds,
    from interrupted
    group by agent_id, business_date, event_id
),

blank_reasons as (
    select
        'blank_reason' as finding_rule,
        agent_id,
        business_date,
        cast(business_date as varchar) as subject,
        'status_events' as dataset,
        event_id as record_id,
        cast(null as bigint) as finding_seconds,
    from dated_events
    where is_blank
),

-- One that a missing clock-out made is that finding.
idle_intervals as {{ not_materialized() }} (
    select
        agent_id,
        started_at,
        ended_at,
        business_date,
        seconds,
    from status_intervals
    where state = 'available' and not missing_clock_out
),

-- An idle stretch is one interval, or goes on over midnight, where the intervals are split. Most intervals are neither
-- long enough nor at the end of a date.
part_of_long_stretch as (
    select * from idle_intervals
    where seconds > (select min(inactivity_limits.limit_value) from inactivity_limits)
    union
    select idle_intervals.*
    from idle_intervals
    semi join local_dates
        on
            idle_intervals.agent_id = local_dates.agent_id
            and {{ epoch_seconds('idle_intervals.started_at') }} = local_dates.starts_seconds
    union
    select idle_intervals.*
    from idle_intervals
    semi join local_dates
        on
            idle_intervals.agent_id = local_dates.agent_id
            and {{ epoch_seconds('idle_intervals.ended_at') }} = local_dates.starts_seconds
),

marked as (
    select
        *,
        coalesce(
            lag(ended_at) over (partition by agent_id order by started_at) != started_at,
            true
        ) as is_start,
    from part_of_long_stretch
),

numbered as (
    select
        *,
        sum(cast(is_start as integer)) over (
            partition by agent_id order by started_at
            rows between unbounded preceding and current row
        ) as stretch,
    from marked
),

idle_stretches as (
    select
        agent_id,
        min(started_at) as started_at,
        min(business_date) as business_date,
        sum(seconds) as seconds,
    from numbered
    group by agent_id, stretch
),

inactivity as (
    select
        'inactivity' as finding_rule,
        idle_stretches.agent_id,
        idle_stretches.business_date,
        {{ instant_text('idle_stretches.started_at') }} as subject,
        'fct_status_interval' as dataset,
        {{ instant_text('idle_stretches.started_at') }} as record_id,
        cast(idle_stretches.seconds as bigint) as finding_seconds,
    from idle_stretches
    inner join agent_days
        on
            idle_stretches.agent_id = agent_days.agent_id
            and idle_stretches.business_date = agent_days.business_date
    inner join inactivity_limits
        on
            agent_days.team_id is not distinct from inactivity_limits.team_id
            and idle_stretches.business_date
            between inactivity_limits.valid_from and inactivity_limits.valid_to
    where idle_stretches.seconds > inactivity_limits.limit_value
),

evidence as (
    select * from off_clock_work
    union all
    select * from missing_clock_outs
    union all
    select * from clock_outs_while_handling
    union all
    select * from blank_reasons
    union all
    select * from inactivity
),

final as (
    select
        evidence.finding_rule,
        evidence.agent_id,
        evidence.business_date,
        evidence.subject,
        evidence.dataset,
        evidence.record_id,
        evidence.finding_seconds,
    from evidence
    left join untracked_periods
        on
            evidence.agent_id = untracked_periods.agent_id
            and evidence.business_date
            between untracked_periods.valid_from and untracked_periods.valid_to
    where untracked_periods.agent_id is null
)

select * from final
