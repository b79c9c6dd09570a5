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

collected as (
    select * from {{ ref('int_run__datasets_collected') }}
),

-- Each source has at most one row per agent and date, so a full join by both keeps every row once.
parts as (
    select
        *,
    from status
    full join contacts using (agent_id, business_date)
    full join outcomes using (agent_id, business_date)
    full join attendance using (agent_id, business_date)
),

final as (
    select
        parts.agent_id,
        parts.business_date,
        profiles.team_id,
        profiles.site,
        profiles.function,
        {{ from_epoch_seconds('parts.first_clock_in_seconds') }} as first_clock_in_at,
        {{ from_epoch_seconds('parts.last_clock_out_seconds') }} as last_clock_out_at,
        {%- for part in agent_parts() %}
        cast({{ collected_part(part) }} as {{ part.type }}) as {{ part.name }},
        {%- endfor %}
    from parts
    cross join collected
    left join profiles
        on
            parts.agent_id = profiles.agent_id
            and parts.business_date between profiles.valid_from and profiles.valid_to
)

select
    *,
    {{ ratio_columns() }}
from final
