{# The distinct things a status can say, numbered, so that the sweep carries a number instead of text. #}
with

timeline as (
    select * from {{ ref('int_activity__status_timeline') }}
),

reasons as (
    select * from {{ ref('status_reasons') }}
),

distinct_states as (
    select distinct
        status,
        reason,
        missing_clock_out,
    from timeline
),

-- What a centre writes ("lunch") counts as what its table of reasons says (break); what no row names is other.
final as (
    select
        row_number() over (
            order by
                distinct_states.status,
                distinct_states.reason nulls first,
                distinct_states.missing_clock_out
        ) as state_id,
        distinct_states.status,
        distinct_states.reason,
        case
            when distinct_states.status = 'unavailable'
                then coalesce(reasons.reason_group, 'other')
        end as reason_group,
        distinct_states.missing_clock_out,
    from distinct_states
    left join reasons
        on distinct_states.reason = reasons.reason
)

select * from final
