{{ config(materialized = inlined('ephemeral')) }}

{#
  One row per contact that reached a queue or an agent. Supervisors who listen in have no contact of their own.
  Customers begin chats by the interface, so of method `API` a call alone is outbound.
  The conversation ends where after-contact work begins; Connect counts talk, hold and after-contact work in whole
  seconds. What was said of the outcome is an attribute of the contact, where the flow sets one.
#}
with

contacts as (
    select * from {{ ref('stg_amazon_connect__contact_records') }}
),

ids as (
    select * from {{ ref('agent_ids') }}
    where source = 'amazon_connect'
),

final as (
    select
        contacts.contact_id as interaction_id,
        {{ amazon_connect_agent('contacts') }} as agent_id,
        coalesce(
            contacts.customer_attribute,
            contacts.customer_address,
            'contact ' || coalesce(contacts.initial_contact_id, contacts.contact_id)
        ) as customer_id,
        case contacts.channel
            when 'VOICE' then 'voice'
            when 'CHAT' then 'chat'
            when 'TASK' then 'back_office'
            when 'EMAIL' then 'email'
            when 'SMS' then 'chat'
            else coalesce(lower(contacts.channel), 'voice')
        end as channel,
        case
            when
                contacts.initiation_method in (
                    'OUTBOUND', 'EXTERNAL_OUTBOUND', 'AGENT_REPLY'
                )
                or (contacts.initiation_method = 'API' and contacts.channel = 'VOICE')
                then 'outbound'
            else 'inbound'
        end as direction,
        contacts.queue,
        contacts.topic_attribute as topic,
        contacts.case_attribute as case_id,
        coalesce(contacts.enqueued_at, contacts.initiated_at, contacts.connected_to_agent_at)
            as queued_at,
        contacts.connected_to_agent_at as answered_at,
        case
            when contacts.connected_to_agent_at is null then contacts.disconnected_at
            else
                coalesce(
                    contacts.acw_started_at,
                    contacts.transfer_completed_at,
                    contacts.disconnected_at
                )
        end as ended_at,
        {%- for part, recorded in [
            ('talk_seconds', 'interaction_seconds'), ('hold_seconds', 'hold_seconds'),
            ('acw_seconds', 'acw_seconds'),
        ] %}
        case
            when contacts.connected_to_agent_at is not null
                then coalesce(contacts.{{ recorded }}, 0)
        end as {{ part }},
        {%- endfor %}
        case
            when
                contacts.outcome_attribute in (
                    'resolved', 'unresolved', 'escalated', 'transferred', 'abandoned'
                )
                then contacts.outcome_attribute
            when
                contacts.connected_to_agent_at is null
                and contacts.disconnected_at is not null
                and direction = 'inbound'
                then 'abandoned'
            when contacts.transfer_completed_at is not null then 'transferred'
        end as outcome,
        contacts.transferred_to,
        contacts.updated_at,
        contacts.same_as_attribute as same_as,
        contacts.load_id,
        contacts.row_number,
        contacts.load_sequence,
    from contacts
    {{ join_amazon_connect_agent('contacts') }}
    where
        (
            contacts.queue_arn is not null
            or contacts.queue is not null
            or contacts.connected_to_agent_at is not null
        )
        and coalesce(contacts.initiation_method, '') != 'MONITOR'
        and coalesce(
            contacts.enqueued_at, contacts.initiated_at, contacts.connected_to_agent_at
        ) is not null
)

select * from final
