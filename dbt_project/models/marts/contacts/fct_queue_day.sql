{{ by_change('queue_days', {'fct_interaction': 'queue_days'}) }}
with

interactions as (
    select * from {{ ref('fct_interaction') }}
    where direction = 'inbound'
),

context as (
    select * from {{ ref('int_run__context') }}
),

service_levels as (
    select * from {{ ref('int_rules__service_levels') }}
),

counted as (
    select
        interactions.queue,
        interactions.channel,
        interactions.business_date,
        any_value(service_levels.service_level_seconds) as service_level_seconds,
        count(*) as offered,
        count(*) filter (where interactions.is_answered) as answered,
        count(*) filter (where interactions.is_abandoned) as abandoned,
        count(*) filter (
            where not interactions.is_answered and not interactions.is_abandoned
        ) as waiting,
        case
            when any_value(service_levels.service_level_seconds) is not null
                then
                    count(*) filter (
                        where
                        interactions.wait_seconds
                        <= service_levels.service_level_seconds
                    )
        end as answered_within_service_level,
        cast(coalesce(sum(interactions.wait_seconds), 0) as bigint) as wait_seconds,
    from interactions
    cross join context
    left join service_levels
        on
            interactions.channel = service_levels.channel
            and interactions.business_date
            between service_levels.valid_from and service_levels.valid_to
    where {{ is_whole('interactions.business_date') }}
    group by interactions.queue, interactions.channel, interactions.business_date
),

final as (
    select
        *,
        {{ queue_ratio_columns() }}
    from counted
)

select * from final
