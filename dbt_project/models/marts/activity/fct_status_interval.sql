{{ by_change('days', {'int_activity__pieces': 'days', 'int_people__agent_days': 'days'}) }}
with

pieces as (
    select * from {{ ref('int_activity__pieces') }}
    where has_status
),

untracked_periods as (
    select * from {{ ref('int_people__untracked_periods') }}
),

agent_days as (
    select * from {{ ref('int_people__agent_days') }}
),

agents as (
    {{ agent_positions('agent_days') }}
),

starts as (
    select
        pieces.*,
        agents.first_position,
        agents.first_position + pieces.starts_seconds as position,
    from pieces
    inner join agents
        on pieces.agent_id = agents.agent_id
    where pieces.starts_interval
),

followed as (
    select
        *,
        lead(position) over (partition by business_date order by position) - first_position as next_seconds,
    from starts
),

-- From the first event on an agent's time has no gaps: an interval lasts until the next one, or until the date ends.
-- What follows an agent's last one of a date is another agent's, and farther away than any end.
merged as (
    select
        followed.agent_id,
        followed.business_date,
        followed.starts_seconds,
        least(followed.next_seconds, agent_days.ends_seconds) as ends_seconds,
        followed.state,
        case when followed.state in ('away', 'unavailable') then followed.reason end as reason,
        followed.reason_group,
        followed.missing_clock_out,
    from followed
    inner join agent_days
        on
            followed.agent_id = agent_days.agent_id
            and followed.business_date = agent_days.business_date
),

final as (
    select
        merged.agent_id,
        {{ from_epoch_seconds('merged.starts_seconds') }} as started_at,
        {{ from_epoch_seconds('merged.ends_seconds') }} as ended_at,
        merged.business_date,
        merged.state,
        merged.reason,
        merged.reason_group,
        cast(merged.ends_seconds - merged.starts_seconds as bigint) as seconds,
        merged.missing_clock_out,
    from merged
    left join untracked_periods
        on
            merged.agent_id = untracked_periods.agent_id
            and merged.business_date
            between untracked_periods.valid_from and untracked_periods.valid_to
    where untracked_periods.agent_id is null
)

select * from final
