{{ by_change('shifts', {
    'int_attendance__shifts': 'shifts',
    'int_activity__status_timeline': 'until_clock_out',
}) }}
with

shifts as (
    select * from {{ ref('int_attendance__shifts') }}
),

timeline as (
    select * from {{ ref('int_activity__status_timeline') }}
),

agent_days as (
    select * from {{ ref('int_activity__agent_day_status') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

collected as (
    select * from {{ ref('int_run__datasets_collected') }}
),

late_graces as (
    select * from {{ ref('int_rules__team_limits') }}
    where limit_name = 'late_grace_seconds'
),

untracked_periods as (
    select * from {{ ref('int_people__untracked_periods') }}
),

present as (
    select
        *,
        ends_seconds - left_early_seconds as last_present_seconds,
        greatest(last_seconds - 1, first_seconds) as final_second,
    from shifts
),

-- A shift that crosses midnight has two dates; conformance looks at both.
shift_dates as (
    select
        present.*,
        {{ local_date(
            from_epoch_seconds('present.final_second'), 'profiles.time_zone'
        ) }} as last_date,
    from present
    inner join profiles
        on
            present.agent_id = profiles.agent_id
            and present.final_second >= profiles.begins_seconds
            and present.final_second < profiles.ends_seconds
),

exploded_dates as (
    select
        agent_id,
        shift_id,
        {{ explode_numbers(day_number('business_date'), day_number('last_date')) }}
            as number,
    from shift_dates
),

logged_in as (
    select
        exploded_dates.agent_id,
        exploded_dates.shift_id,
        sum(agent_days.logged_in_seconds) as logged_in_seconds,
    from exploded_dates
    inner join agent_days
        on
            exploded_dates.agent_id = agent_days.agent_id
            and {{ date_of_day_number('exploded_dates.number') }}
            = agent_days.business_date
    group by exploded_dates.agent_id, exploded_dates.shift_id
),

-- In one line, so that the next clock-out is found by a window, not by a range join.
points as (
    select
        agent_id,
        shift_id,
        last_present_seconds as at_seconds,
        cast(null as bigint) as away_seconds,
    from shift_dates
    where last_present_seconds is not null
    union all
    select
        agent_id,
        cast(null as varchar) as shift_id,
        starts_seconds as at_seconds,
        starts_seconds as away_seconds,
    from timeline
    where status = 'away'
),

next_away as (
    select
        agent_id,
        shift_id,
        min(away_seconds) over (
            partition by agent_id
            order by at_seconds
            range between current row and unbounded following
        ) as away_seconds,
    from points
),

clock_outs as (
    select
        next_away.agent_id,
        next_away.shift_id,
        timeline.reason,
    from next_away
    inner join timeline
        on
            next_away.agent_id = timeline.agent_id
            and next_away.away_seconds = timeline.starts_seconds
    where next_away.shift_id is not null
),

labelled as (
    select
        shift_dates.*,
        profiles.team_id,
        collected.status_events and untracked_periods.agent_id is null
            as is_presence_known,
        late_graces.limit_value as late_grace_seconds,
    from shift_dates
    cross join collected
    left join profiles
        on
            shift_dates.agent_id = profiles.agent_id
            and shift_dates.business_date
            between profiles.valid_from and profiles.valid_to
    left join untracked_periods
        on
            shift_dates.agent_id = untracked_periods.agent_id
            and shift_dates.business_date
            between untracked_periods.valid_from and untracked_periods.valid_to
    left join late_graces
        on
            profiles.team_id is not distinct from late_graces.team_id
            and shift_dates.business_date
            between late_graces.valid_from and late_graces.valid_to
),

-- Without status events, or where status is not tracked, nobody knows who was there.
final as (
    select
        shift_dates.agent_id,
        shift_dates.shift_id,
        shift_dates.business_date,
        shift_dates.team_id,
        {{ from_epoch_seconds(
            'coalesce(shift_dates.starts_seconds, shift_dates.first_seconds)'
        ) }} as starts_at,
        {{ from_epoch_seconds(
            'coalesce(shift_dates.ends_seconds, shift_dates.last_seconds)'
        ) }} as ends_at,
        shift_dates.scheduled_seconds,
        {%- for figure in [
            'adherent_seconds', 'productive_seconds', 'is_absent', 'late_seconds',
            'left_early_seconds',
        ] %}
        case when shift_dates.is_presence_known then shift_dates.{{ figure }} end
            as {{ figure }},
        {%- endfor %}
        case
            when shift_dates.is_presence_known
                then cast(coalesce(logged_in.logged_in_seconds, 0) as bigint)
        end as logged_in_seconds,
        case
            when shift_dates.is_presence_known
                then shift_dates.late_seconds > shift_dates.late_grace_seconds
        end as is_late,
        case when shift_dates.is_presence_known then clock_outs.reason end
            as clock_out_reason,
    from labelled as shift_dates
    left join logged_in
        on
            shift_dates.agent_id = logged_in.agent_id
            and shift_dates.shift_id = logged_in.shift_id
    left join clock_outs
        on
            shift_dates.agent_id = clock_outs.agent_id
            and shift_dates.shift_id = clock_outs.shift_id
)

select
    *,
    {{ shift_ratio_columns() }}
    cast(logged_in_seconds as double) / nullif(scheduled_seconds, 0) as conformance,
from final
