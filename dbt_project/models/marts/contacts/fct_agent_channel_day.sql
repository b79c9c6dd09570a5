{{ by_change('contact_days', {'int_contacts__agent_channel_day': 'contact_days'}) }}
with

channel_days as (
    select * from {{ ref('int_contacts__agent_channel_day') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

final as (
    select
        channel_days.agent_id,
        channel_days.business_date,
        channel_days.channel,
        {%- for part in contact_parts() %}
        channel_days.{{ part.name }},
        {%- endfor %}
        {{ ratio_columns(contact_ratios()) }}
    from channel_days
    cross join context
    where {{ is_whole('channel_days.business_date') }}
)

select * from final
