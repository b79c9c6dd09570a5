{{ by_change('days', {
    'int_activity__status_timeline': 'overlapping_days',
    'int_activity__handling_intervals': 'overlapping_days',
    'int_people__agent_days': 'days_and_next',
}) }}
{#
  The interval engine: one sweep over every instant at which anything changes for an agent.

  Three counters travel packed in one integer, so that one running sum carries all of them:
  bits 40 and up hold the state of the status timeline, bits 20-39 the business date, bits 0-19 how many interactions
  are being handled. Each change point adds the difference. Between two points nothing changes: that is a piece, and
  it lies within one business date, one status and one depth.
#}
{% set state_unit = 2 ** 40 %}
{% set day_unit = 2 ** 20 %}
with

timeline as (
    select * from {{ ref('int_activity__status_timeline') }}
),

states as (
    select * from {{ ref('int_activity__states') }}
),

handling as (
    select * from {{ ref('int_activity__handling_intervals') }}
),

agent_days as (
    select * from {{ ref('int_people__agent_days') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

status_points as (
    select
        timeline.agent_id,
        timeline.starts_seconds as at_seconds,
        (
            states.state_id
            - lag(states.state_id, 1, 0) over (
                partition by timeline.agent_id order by timeline.starts_seconds
            )
        ) * {{ state_unit }} as change,
    from timeline
    inner join states
        on
            timeline.status = states.status
            and timeline.reason is not distinct from states.reason
            and timeline.missing_clock_out = states.missing_clock_out
),

day_points as (
    select
        agent_id,
        starts_seconds as at_seconds,
        (
            {{ day_number('business_date') }}
            - lag({{ day_number('business_date') }}, 1, 0) over (
                partition by agent_id order by business_date
            )
        ) * {{ day_unit }} as change,
    from agent_days
),

points as (
    select agent_id, at_seconds, change from status_points
    union all
    select agent_id, at_seconds, change from day_points
    union all
    select agent_id, starts_seconds as at_seconds, 1 as change from handling
    union all
    select agent_id, ends_seconds as at_seconds, -1 as change from handling
),

changes as (
    select
        agent_id,
        at_seconds,
        sum(change)::bigint as change,
    from points
    group by agent_id, at_seconds
),

swept as (
    select
        changes.agent_id,
        changes.at_seconds as starts_seconds,
        coalesce(
            lead(changes.at_seconds) over agent_timeline,
            context.as_of_seconds
        ) as ends_seconds,
        sum(changes.change) over agent_timeline ::bigint as counters,
    from changes
    cross join context
    window agent_timeline as (
        partition by changes.agent_id order by changes.at_seconds
    )
),

unpacked as (
    select
        agent_id,
        starts_seconds,
        ends_seconds,
        counters // {{ state_unit }} as state_id,
        {{ date_of_day_number('(counters // ' ~ day_unit ~ ') % ' ~ day_unit) }} as business_date,
        counters % {{ day_unit }} as handling_depth,
    from swept
    where
        ends_seconds > starts_seconds
        and (counters >= {{ state_unit }} or counters % {{ day_unit }} > 0)
),

final as (
    select
        unpacked.agent_id,
        unpacked.starts_seconds,
        unpacked.ends_seconds,
        unpacked.ends_seconds - unpacked.starts_seconds as seconds,
        unpacked.business_date,
        unpacked.handling_depth,
        -- Before the first event nobody has clocked in: that time is away, and no interval of the status timeline.
        states.status is not null as has_status,
        case
            when states.status is null then 'away'
            when states.status = 'available' and unpacked.handling_depth > 0 then 'active'
            else states.status
        end as state,
        states.reason,
        states.reason_group,
        coalesce(states.missing_clock_out, false) as missing_clock_out,
    from unpacked
    left join states
        on unpacked.state_id = states.state_id
)

select * from final
