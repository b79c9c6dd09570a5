{{ by_change('contact_days', {
    'int_contacts__handled': 'contact_days',
    'fct_interaction': 'contact_days',
}) }}
{#
  Handled contacts and first contact resolution of each agent, business date and
  channel.
#}
with

handled as (
    select * from {{ ref('int_contacts__handled') }}
),

first_contacts as (
    select * from {{ ref('fct_interaction') }}
    where is_first_contact
),

contact_days as (
    select
        agent_id,
        business_date,
        channel,
        count(*) as handled_contacts,
        cast({{ whole_sum('talk_seconds') }} as bigint) as talk_seconds,
        cast({{ whole_sum('hold_seconds') }} as bigint) as hold_seconds,
        cast({{ whole_sum('acw_seconds') }} as bigint) as acw_seconds,
        cast({{ whole_sum(handle_seconds()) }} as bigint)
            as handle_seconds,
        count(*) filter (where outcome = 'transferred') as transferred_contacts,
        bool_or(is_outcome_unknown) as is_outcome_unknown,
        count(*) filter (where outcome = 'escalated') as escalated_contacts,
    from handled
    group by agent_id, business_date, channel
),

-- A first contact is a handled contact, so its agent, date and channel always have a
-- row above.
first_contact_days as (
    select
        agent_id,
        business_date,
        channel,
        count(*) filter (where is_fcr) as fcr_contacts,
        count(*) filter (where is_fcr_eligible) as fcr_eligible_contacts,
        count(*) filter (where not is_fcr_eligible) as fcr_pending_contacts,
    from first_contacts
    group by agent_id, business_date, channel
),

final as (
    select
        contact_days.* exclude (is_outcome_unknown, escalated_contacts),
        {%- for part in [
            'contact_days.escalated_contacts', 'first_contact_days.fcr_contacts',
            'first_contact_days.fcr_eligible_contacts',
            'first_contact_days.fcr_pending_contacts',
        ] %}
        case
            when not coalesce(contact_days.is_outcome_unknown, false)
                then coalesce({{ part }}, 0)
        end as {{ part.split('.')[1] }},
        {%- endfor %}
    from contact_days
    left join first_contact_days
        on
            contact_days.agent_id = first_contact_days.agent_id
            and contact_days.business_date = first_contact_days.business_date
            and contact_days.channel = first_contact_days.channel
)

select * from final
