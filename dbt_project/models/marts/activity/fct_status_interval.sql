{{ by_change('days', {'int_activity__pieces': 'days'}) }}
with

starts as (
    select * from {{ ref('int_activity__pieces') }}
    where starts_interval
),

untracked_periods as (
    select * from {{ ref('int_people__untracked_periods') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

-- An agent's time has no gaps from the first event on, so an interval lasts until the next one.
merged as (
    select
        starts.*,
        lead(starts.starts_seconds, 1, context.as_of_seconds) over (
            partition by starts.agent_id order by starts.starts_seconds
        ) as interval_ends_seconds,
    from starts
    cross join context
),

final as (
    select
        merged.agent_id,
        {{ from_epoch_seconds('merged.starts_seconds') }} as started_at,
        {{ from_epoch_seconds('merged.interval_ends_seconds') }} as ended_at,
        merged.business_date,
        merged.state,
        case when merged.state in ('away', 'unavailable') then merged.reason end as reason,
        merged.reason_group,
        cast(merged.interval_ends_seconds - merged.starts_seconds as bigint) as seconds,
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
