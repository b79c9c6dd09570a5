with

channel_days as (
    select * from {{ ref('int_contacts__agent_channel_day') }}
),

final as (
    select
        agent_id,
        business_date,
        channel,
        {%- for part in contact_parts() %}
        {{ part.name }},
        {%- endfor %}
        {{ ratio_columns(contact_ratios()) }}
    from channel_days
)

select * from final
