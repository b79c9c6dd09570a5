{{ by_change('days', {'int_activity__pieces': 'days'}, keeps=true) }}
{# Status and handling seconds of each agent and business date; sessions are runs of logged-in time within the date. #}
with

pieces as (
    select * from {{ ref('int_activity__pieces') }}
),

final as (
    select
        agent_id,
        business_date,
        cast(sum(seconds) filter (where state = 'available') as bigint) as available_seconds,
        cast(sum(seconds) filter (where state = 'active') as bigint) as active_seconds,
        cast(sum(seconds) filter (where state = 'unavailable') as bigint) as unavailable_seconds,
        {%- for reason in ['break', 'meeting', 'training', 'back_office'] %}
        cast(sum(seconds) filter (where state = 'unavailable' and reason_group = '{{ reason }}') as bigint)
            as {{ reason }}_seconds,
        {%- endfor %}
        cast(sum(seconds) filter (
            where
            state = 'unavailable'
            and reason_group not in ('break', 'meeting', 'training', 'back_office')
        ) as bigint) as other_unavailable_seconds,
        cast(sum(seconds) filter (where state = 'unclassified') as bigint) as unclassified_seconds,
        cast(sum(seconds) filter (where state != 'away') as bigint) as logged_in_seconds,
        cast(count(*) filter (where starts_session) as bigint) as sessions,
        min(starts_seconds) filter (where state != 'away') as first_clock_in_seconds,
        max(ends_seconds) filter (where state != 'away') as last_clock_out_seconds,
        cast(sum(seconds) filter (where handling_depth > 0) as bigint) as handling_seconds,
        cast(sum(seconds) filter (where handling_depth > 0 and state = 'away') as bigint)
            as off_clock_handling_seconds,
        cast(sum(seconds * handling_depth) as bigint) as handling_interval_seconds,
    from pieces
    group by agent_id, business_date
)

select * from final
