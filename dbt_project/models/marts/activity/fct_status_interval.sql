{{ by_change('days', {'int_activity__pieces': 'days'}) }}
with

pieces as (
    select * from {{ ref('int_activity__pieces') }}
    where has_status
),

untracked_periods as (
    select * from {{ ref('int_people__untracked_periods') }}
),

marked as (
    select
        *,
        not coalesce(
            lag(state) over day_timeline = state
            and lag(reason) over day_timeline is not distinct from reason
            and lag(missing_clock_out) over day_timeline = missing_clock_out,
            false
        ) as is_change,
    from pieces
    window day_timeline as (
        partition by agent_id, business_date order by starts_seconds
    )
),

runs as (
    select
        *,
        sum(cast(is_change as integer)) over (
            partition by agent_id, business_date order by starts_seconds
        ) as run_number,
    from marked
),

merged as (
    select
        agent_id,
        business_date,
        min(starts_seconds) as starts_seconds,
        max(ends_seconds) as ends_seconds,
        any_value(state) as state,
        any_value(case when state in ('away', 'unavailable') then reason end) as reason,
        any_value(reason_group) as reason_group,
        any_value(missing_clock_out) as missing_clock_out,
    from runs
    group by agent_id, business_date, run_number
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
