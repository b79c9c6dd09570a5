{{ by_change('fact_days', {
    'int_activity__agent_day_status': 'fact_days',
    'int_contacts__agent_day': 'fact_days',
    'int_outcomes__agent_day': 'fact_days',
    'int_attendance__agent_day': 'fact_days',
}) }}
with

status as (
    select * from {{ ref('int_activity__agent_day_status') }}
    where logged_in_seconds > 0 or handling_seconds > 0
),

contacts as (
    select * from {{ ref('int_contacts__agent_day') }}
),

outcomes as (
    select * from {{ ref('int_outcomes__agent_day') }}
),

attendance as (
    select * from {{ ref('int_attendance__agent_day') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

collected as (
    select * from {{ ref('int_run__datasets_collected') }}
),

untracked_periods as (
    select * from {{ ref('int_people__untracked_periods') }}
),

-- Each source has at most one row per agent and date, so a full join by both keeps every row once.
parts as (
    select
        *,
        coalesce(status.handling_seconds > 0, false)
        or contacts.agent_id is not null
        or outcomes.agent_id is not null
        or attendance.agent_id is not null as is_more_than_status,
    from status
    full join contacts using (agent_id, business_date)
    full join outcomes using (agent_id, business_date)
    full join attendance using (agent_id, business_date)
),

labelled as (
    select
        parts.*,
        profiles.team_id,
        profiles.site,
        profiles.function,
        untracked_periods.agent_id is null as is_status_tracked,
    from parts
    left join profiles
        on
            parts.agent_id = profiles.agent_id
            and parts.business_date between profiles.valid_from and profiles.valid_to
    left join untracked_periods
        on
            parts.agent_id = untracked_periods.agent_id
            and parts.business_date
            between untracked_periods.valid_from and untracked_periods.valid_to
),

-- Where status is not tracked, nothing is known of it: its parts are null, and it
-- makes no row.
final as (
    select
        labelled.agent_id,
        labelled.business_date,
        labelled.team_id,
        labelled.site,
        labelled.function,
        {%- for edge in ['first_clock_in', 'last_clock_out'] %}
        case
            when labelled.is_status_tracked
                then {{ from_epoch_seconds('labelled.' ~ edge ~ '_seconds') }}
        end as {{ edge }}_at,
        {%- endfor %}
        {%- for part in agent_parts() %}
        cast({{ collected_part(part, 'labelled') }} as {{ part.type }}) as {{ part.name }},
        {%- endfor %}
    from labelled
    cross join collected
    cross join context
    where
        (labelled.is_status_tracked or labelled.is_more_than_status)
        and {{ is_whole('labelled.business_date') }}
)

select
    *,
    {{ ratio_columns() }},
    {{ occupancy_band() }} as occupancy_band,
from final
