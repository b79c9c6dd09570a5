{{ config(parameters=period_parameters() + ['grain']) }}

with

queue_days as (
    select
        days.*,
        {{ bucket_start('days.business_date') }} as bucket_starts_on,
    from {{ mart('fct_queue_day') }} as days
    where {{ in_period('days.business_date') }}
),

summed as (
    select
        queue_days.queue,
        queue_days.channel,
        queue_days.bucket_starts_on,
        case
            when
                count(queue_days.service_level_seconds) = count(*)
                and min(queue_days.service_level_seconds)
                = max(queue_days.service_level_seconds)
                then min(queue_days.service_level_seconds)
        end as service_level_seconds,
        {%- for part in [
            'offered', 'answered', 'abandoned', 'waiting', 'answered_within_service_level',
            'wait_seconds',
        ] %}
        cast(sum(queue_days.{{ part }}) as bigint) as {{ part }},
        {%- endfor %}
        -- What a service level is a share of: days on which the channel had one.
        cast(
            sum(
                case
                    when queue_days.answered_within_service_level is not null
                        then queue_days.offered
                end
            ) as bigint
        ) as offered_with_service_level,
    from queue_days
    group by queue_days.queue, queue_days.channel, queue_days.bucket_starts_on
),

final as (
    select
        summed.queue,
        summed.channel,
        summed.bucket_starts_on as starts_on,
        summed.* exclude (queue, channel, bucket_starts_on),
        {{ queue_ratio_columns('offered_with_service_level') }}
    from summed
)

select * from final
