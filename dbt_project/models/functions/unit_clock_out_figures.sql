{{ config(parameters=period_parameters() + unit_filters()) }}

with

shifts as (
    select
        attendance.agent_id,
        attendance.business_date,
        attendance.clock_out_reason,
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
    {% call summed_by_unit('labelled', ['clock_out_reason']) %}
    count(*) as shifts,
    {% endcall %}
),

final as (
    select
        {{ unit_columns('summed') }}
        summed.clock_out_reason,
        summed.shifts,
    from summed
    {{ join_unit_names('summed') }}
)

select * from final
