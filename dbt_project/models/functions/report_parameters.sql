{{ config(parameters=[]) }}

with

final as (
    select
        cast({{ var('occupancy_watch_above') }} as double) as occupancy_watch_above,
        cast({{ var('occupancy_risk_above') }} as double) as occupancy_risk_above,
        cast({{ var('fcr_window_days') }} as integer) as fcr_window_days,
        cast(
            {{ var('max_status_interval_hours') }} as integer
        ) as max_status_interval_hours,
        cast({{ var('small_sample_below') }} as integer) as small_sample_below,
)

select * from final
