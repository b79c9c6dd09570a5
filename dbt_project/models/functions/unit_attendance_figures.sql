{{ config(parameters=period_parameters() + ['grain'] + unit_filters()) }}

with

-- Where nobody knows who was there, a shift's seconds are in no ratio.
shifts as (
    select
        attendance.agent_id,
        attendance.business_date,
        attendance.scheduled_seconds = 0 as is_time_off,
        attendance.is_absent,
        attendance.is_late,
        attendance.left_early_seconds > 0 as is_left_early,
        case
            when attendance.adherent_seconds is not null
                then attendance.scheduled_seconds
        end as scheduled_seconds,
        attendance.adherent_seconds,
        attendance.late_seconds,
        attendance.left_early_seconds,
        attendance.productive_seconds,
        {{ bucket_start('attendance.business_date') }} as bucket_starts_on,
    from {{ mart('fct_attendance') }} as attendance
    where {{ in_period('attendance.business_date') }}
),

profiled as (
    {{ with_profile('shifts') }}
),

labelled as (
    {{ labelled_by_unit('profiled') }}
),

unit_names as (
    {{ unit_names() }}
),

summed as (
    {% call summed_by_unit('labelled', ['bucket_starts_on']) %}
    count(distinct labelled.agent_id) as agents,
    count(*) as shifts,
    count(*) filter (where labelled.is_time_off) as time_off_shifts,
    {%- for flag in ['absent', 'late', 'left_early'] %}
    case
        when count(labelled.is_absent) > 0
            then count(*) filter (where labelled.is_{{ flag }})
    end as {{ flag }}_shifts,
    {%- endfor %}
    {%- for part in [
        'scheduled_seconds', 'adherent_seconds', 'late_seconds', 'left_early_seconds',
        'productive_seconds',
    ] %}
    cast(sum(labelled.{{ part }}) as bigint) as {{ part }},
    {%- endfor %}
    {% endcall %}
),

final as (
    select
        {{ unit_columns('summed') }}
        summed.bucket_starts_on as starts_on,
        summed.* exclude (level, unit_id, bucket_starts_on),
        {{ shift_ratio_columns() }}
    from summed
    {{ join_unit_names('summed') }}
)

select * from final
