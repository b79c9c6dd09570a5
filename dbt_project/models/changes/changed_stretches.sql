{#
  Runs of dates that an agent worked through, midnight after midnight, now or before, around a changed date. What goes on
  over midnight (an idle stretch, the way to the next clock-out) lies within one of them.
#}
with

build as (
    select * from {{ this_build() }}
    where base_id is not null
),

changed_days as (
    select * from {{ ref('changed_days') }}
),

statuses as (
    select agent_id, business_date, first_clock_in_seconds, last_clock_out_seconds
    from {{ ref('int_activity__agent_day_status') }}
    union all
    select agent_id, business_date, first_clock_in_seconds, last_clock_out_seconds
    from {{ changes_of('int_activity__agent_day_status') }}
    where not is_new
),

-- A date begins where the one before it ends: who clocks out and in at that very second worked through.
ends as (
    select agent_id, last_clock_out_seconds as at_seconds, business_date from statuses
),

worked_through as (
    select distinct
        starts.agent_id,
        ends.business_date as first_date,
        starts.business_date as last_date,
    from statuses as starts
    inner join ends
        on
            starts.agent_id = ends.agent_id
            and starts.first_clock_in_seconds = ends.at_seconds
            and starts.business_date > ends.business_date
    cross join build
),

overlapping as (
    {{ runs_of_dates('worked_through', apart_by=0) }}
),

dated as (
    select overlapping.agent_id, overlapping.first_date, overlapping.last_date
    from overlapping
    semi join changed_days
        on
            overlapping.agent_id = changed_days.agent_id
            and overlapping.first_date <= changed_days.last_date
            and overlapping.last_date >= changed_days.first_date
    union
    select agent_id, first_date, last_date from changed_days
),

final as (
    {{ runs_of_dates('dated') }}
)

select * from final
