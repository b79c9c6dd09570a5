{{ by_change('days', {'int_activity__pieces': 'days'}) }}
with

pieces as (
    select * from {{ ref('int_activity__pieces') }}
    where has_status
),

untracked_periods as (
    select * from {{ ref('int_people__untracked_periods') }}
),

date_ends as (
    select
        agent_id,
        business_date,
        max(ends_seconds) as ends_seconds,
    from pieces
    group by agent_id, business_date
),

-- From the first event on an agent's time has no gaps: an interval lasts until the next one, or until the date ends.
merged as (
    select
        starts.agent_id,
        starts.business_date,
        starts.starts_seconds,
        lead(starts.starts_seconds, 1, date_ends.ends_seconds) over (
            partition by starts.agent_id, starts.business_date order by starts.starts_seconds
        ) as ends_seconds,
        starts.state,
        case when starts.state in ('away', 'unavailable') then starts.reason end as reason,
        starts.reason_group,
        starts.missing_clock_out,
    from pieces as starts
    inner join date_ends
        on
            starts.agent_id = date_ends.agent_id
            and starts.business_date = date_ends.business_date
    where starts.starts_interval
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
