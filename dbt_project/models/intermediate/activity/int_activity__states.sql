{# The distinct things a status can say, numbered, so that the sweep carries a number instead of text. #}
with

timeline as (
    select * from {{ ref('int_activity__status_timeline') }}
),

distinct_states as (
    select distinct
        status,
        reason,
        missing_clock_out,
    from timeline
),

final as (
    select
        row_number() over (
            order by status, reason nulls first, missing_clock_out
        ) as state_id,
        status,
        reason,
        missing_clock_out,
    from distinct_states
)

select * from final
