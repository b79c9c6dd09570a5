{{ by_change('contact_days', {'int_contacts__agent_channel_day': 'contact_days'}) }}
{#
  Handled contacts and first contact resolution of each agent and business date, over
  all channels.
#}
with

channel_days as (
    select * from {{ ref('int_contacts__agent_channel_day') }}
),

final as (
    select
        agent_id,
        business_date,
        {{ sum_of_parts(contact_parts()) }}
    from channel_days
    group by agent_id, business_date
)

select * from final
