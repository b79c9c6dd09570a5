{# The service level of each channel with the dates it is in force. #}
with

service_levels as (
    select * from {{ ref('service_levels') }}
),

final as (
    select
        channel,
        service_level_seconds,
        effective_from as valid_from,
        coalesce(
            {{ add_days(
                'lead(effective_from) over (partition by channel order by effective_from)', -1
            ) }},
            date '9999-12-31'
        ) as valid_to,
    from service_levels
)

select * from final
