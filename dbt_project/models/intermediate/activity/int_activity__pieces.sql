{{ by_change('days', {
    'int_activity__status_timeline': 'overlapping_days',
    'int_activity__handling_intervals': 'overlapping_days',
    'int_people__agent_days': 'days',
}) }}
{#
  The interval engine: one sweep over every instant at which anything changes for an agent.

  What holds from an instant on is the last state of the status timeline that was set there or before, and two counters
  that travel packed in one number, so that one running sum carries both: bits 36 and up hold the business date, bits 0-35
  how many interactions are being handled. What begins adds its number, and takes it off where it ends. Between two points
  nothing changes: that is a piece, and it lies within one business date, one status and one depth.

  The sums are of doubles, which are exact up to 2 ** 53 and here never beyond: DuckDB carries those on in a third of the
  time that integers take. Agent and second are packed as well (`agent_positions`). All that an agent has ends by `as_of`,
  so that the next agent begins with nothing.
#}
{% set day_unit = 2 ** 36 %}
{# Agents who are swept together: more make fewer and larger sorts, of which each must fit into memory. #}
{% set agents_together = 64 %}
{% set sweep = 'partition by position // ' ~ (agent_unit() * agents_together) ~ ' order by position' %}
with

timeline as (
    select * from {{ ref('int_activity__status_timeline') }}
),

states as (
    select * from {{ ref('int_activity__states') }}
),

handling as {{ not_materialized() }} (
    select * from {{ ref('int_activity__handling_intervals') }}
),

agent_days as (
    select * from {{ ref('int_people__agent_days') }}
),

agents as (
    {{ agent_positions('agent_days') }}
),

status_spans as (
    select
        timeline.agent_id,
        timeline.starts_seconds,
        timeline.ends_seconds,
        states.state_id,
    from timeline
    inner join states
        on
            timeline.status = states.status
            and timeline.reason is not distinct from states.reason
            and timeline.missing_clock_out = states.missing_clock_out
),

day_spans as (
    select
        agent_id,
        starts_seconds,
        ends_seconds,
        {{ day_number('business_date') }} * {{ day_unit }} as change,
    from agent_days
),

counted_spans as {{ not_materialized() }} (
    select agent_id, starts_seconds, ends_seconds, change from day_spans
    union all
    select agent_id, starts_seconds, ends_seconds, 1 as change from handling
),

-- Where a status ends and none begins, none holds: state 0.
points as (
    select agent_id, starts_seconds as at_seconds, state_id, 0 as change from status_spans
    union all
    select agent_id, ends_seconds as at_seconds, 0 as state_id, 0 as change from status_spans
    union all
    select agent_id, starts_seconds as at_seconds, null as state_id, change from counted_spans
    union all
    select agent_id, ends_seconds as at_seconds, null as state_id, -change as change from counted_spans
),

-- Several changes in one second are one.
placed as (
    select
        agents.first_position + points.at_seconds as position,
        max(points.state_id) as state_id,
        sum(cast(points.change as double)) as change,
    from points
    inner join agents
        on points.agent_id = agents.agent_id
    group by agents.first_position + points.at_seconds
),

swept as (
    select
        position,
        lead(position) over ({{ sweep }}) as next_position,
        {{ last_known('state_id') }} over (
            {{ sweep }} rows between unbounded preceding and current row
        ) as state_id,
        {{ last_known('state_id') }} over (
            {{ sweep }} rows between unbounded preceding and 1 preceding
        ) as state_id_before,
        change,
        sum(change) over (
            {{ sweep }} rows between unbounded preceding and current row
        ) as counters,
    from placed
),

lasting as (
    select
        position,
        next_position,
        state_id,
        state_id_before,
        cast(counters as bigint) as counters,
        cast(counters - change as bigint) as counters_before,
    from swept
    where next_position is not null
),

unpacked as (
    select
        position - position % {{ agent_unit() }} as first_position,
        position % {{ agent_unit() }} as starts_seconds,
        next_position % {{ agent_unit() }} as ends_seconds,
        state_id,
        state_id_before,
        {{ date_of_day_number('counters // ' ~ day_unit) }} as business_date,
        counters % {{ day_unit }} as handling_depth,
        counters_before % {{ day_unit }} as handling_depth_before,
        counters // {{ day_unit }} = counters_before // {{ day_unit }} as is_same_date,
    from lasting
    where state_id > 0 or counters % {{ day_unit }} > 0
),

-- Before the first event nobody has clocked in: that time is away, and no interval of the status timeline.
described as (
    select
        agents.agent_id,
        unpacked.starts_seconds,
        unpacked.ends_seconds,
        unpacked.business_date,
        unpacked.handling_depth,
        unpacked.is_same_date,
        states.status is not null as has_status,
        {%- for moment, relation in [('', 'states'), ('_before', 'states_before')] %}
        case
            when {{ relation }}.status is null then 'away'
            when {{ relation }}.status = 'available' and unpacked.handling_depth{{ moment }} > 0
                then 'active'
            else {{ relation }}.status
        end as state{{ moment }},
        {{ relation }}.reason as reason{{ moment }},
        coalesce({{ relation }}.missing_clock_out, false) as missing_clock_out{{ moment }},
        {%- endfor %}
        states.reason_group,
        states_before.status is not null as has_status_before,
    from unpacked
    inner join agents
        on unpacked.first_position = agents.first_position
    left join states
        on unpacked.state_id = states.state_id
    left join states as states_before
        on unpacked.state_id_before = states_before.state_id
),

final as (
    select
        agent_id,
        starts_seconds,
        ends_seconds,
        ends_seconds - starts_seconds as seconds,
        business_date,
        handling_depth,
        has_status,
        state,
        reason,
        reason_group,
        missing_clock_out,
        state != 'away' and not (is_same_date and state_before != 'away') as starts_session,
        has_status
        and not (
            is_same_date
            and has_status_before
            and state_before = state
            and reason_before is not distinct from reason
            and missing_clock_out_before = missing_clock_out
        ) as starts_interval,
    from described
)

select * from final
