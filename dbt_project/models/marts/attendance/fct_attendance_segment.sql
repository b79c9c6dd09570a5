{{ by_change('shifts', {
    'int_attendance__segments': 'shifts',
    'fct_attendance': 'shifts',
}) }}
with

segments as (
    select * from {{ ref('int_attendance__segments') }}
),

shifts as (
    select * from {{ ref('fct_attendance') }}
),

final as (
    select
        segments.segment_id,
        segments.agent_id,
        segments.shift_id,
        shifts.business_date,
        shifts.team_id,
        segments.activity,
        {{ from_epoch_seconds('segments.starts_seconds') }} as starts_at,
        {{ from_epoch_seconds('segments.ends_seconds') }} as ends_at,
        segments.scheduled_seconds,
        case when shifts.adherent_seconds is not null then segments.adherent_seconds end
            as adherent_seconds,
    from segments
    inner join shifts
        on
            segments.agent_id = shifts.agent_id
            and segments.shift_id = shifts.shift_id
)

select
    *,
    cast(adherent_seconds as double) / nullif(scheduled_seconds, 0) as adherence,
from final
