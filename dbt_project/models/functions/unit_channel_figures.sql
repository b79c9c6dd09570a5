{{ config(parameters=period_parameters() + ['grain'] + unit_filters()) }}

with

channel_days as (
    select
        days.*,
        {{ bucket_start('days.business_date') }} as bucket_starts_on,
    from {{ mart('fct_agent_channel_day') }} as days
    where {{ in_period('days.business_date') }}
),

profiled as (
    {{ with_profile('channel_days') }}
),

labelled as (
    {{ labelled_by_unit('profiled') }}
),

unit_names as (
    {{ unit_names() }}
),

summed as (
    {% call summed_by_unit('labelled', ['channel', 'bucket_starts_on']) %}
    count(distinct labelled.agent_id) as agents,
    {{ sum_of_parts(contact_parts()) }}
    {% endcall %}
),

final as (
    select
        {{ unit_columns('summed') }}
        summed.channel,
        summed.bucket_starts_on as starts_on,
        summed.* exclude (level, unit_id, channel, bucket_starts_on),
        {{ ratio_columns(contact_ratios()) }}
    from summed
    {{ join_unit_names('summed') }}
)

select * from final
