{{ config(materialized = inlined('ephemeral')) }}

{#
  One row per agent who answered, and one for a last stay in a queue that nobody answered. The first of a conversation
  has the conversation's id, the others the id with their number. A call that was made and not answered has a row too.
  Colleagues who talk to each other, and who was in the menu alone, have none.

  A leg that rang and was not answered is nobody's contact, whatever after-contact work it carries.
#}
{% set columns = [
    'conversation_id', 'position', 'agent_id', 'user_id', 'answered_at', 'left_at',
    'conversation_ended_at', 'originating_direction', 'direction', 'media_type',
    'message_type', 'talk_milliseconds', 'held_milliseconds', 'acw_milliseconds',
    'wrap_up_code', 'is_transferred', 'external_tag', 'load_id', 'row_number',
    'load_sequence',
] %}
with

participants as (
    select * from {{ ref('stg_genesys_cloud__participants') }}
    where is_with_customer
),

ids as (
    select * from {{ ref('agent_ids') }}
    where source = 'genesys_cloud'
),

placed as (
    select
        participants.*,
        coalesce(ids.agent_id, participants.user_id) as agent_id,
        participants.purpose in ('agent', 'user') and participants.user_id is not null
            as is_agent,
    from participants
    left join ids
        on participants.user_id = ids.source_agent_id
),

customers as (
    select
        conversation_id,
        coalesce(
            {{ arg_min('external_contact_id', '(is_colleague, position)') }},
            regexp_replace({{ arg_min('address', '(is_colleague, position)') }}, '^tel:', ''),
            'conversation ' || conversation_id
        ) as customer_id,
    from (
        select
            *,
            purpose not in ('customer', 'external') as is_colleague,
            case
                when coalesce(originating_direction, direction) = 'outbound'
                    then coalesce(dnis, address_to)
                else coalesce(ani, address_from)
            end as address,
        from placed
    ) as addressed
    group by conversation_id
),

-- Stays in queues and answers, in the order in which they happened.
steps as (
    select
        *,
        purpose = 'acd' as is_queue,
        case when purpose = 'acd' then began_at else answered_at end as stepped_at,
    from placed
    where purpose = 'acd' or (is_agent and answered_at is not null)
),

in_order as (
    select
        *,
        last_value(
            case
                when is_queue
                    then {{ record({'began_at': 'began_at', 'queue_id': 'queue_id'}) }}
            end
            ignore nulls
        ) over so_far as queued,
        max(case when not is_queue then stepped_at end) over before as answered_before,
        lead(stepped_at) over by_time is null as is_last,
    from steps
    window
        by_time as (
            partition by conversation_id order by stepped_at nulls last, position
        ),
        so_far as (
            partition by conversation_id
            order by stepped_at nulls last, position
            rows between unbounded preceding and current row
        ),
        before as (
            partition by conversation_id
            order by stepped_at nulls last, position
            rows between unbounded preceding and 1 preceding
        )
),

-- Of the stays in queues before an answer, the last one led to it.
counted as (
    select
        *,
        not is_queue
        and queued is not null
        and coalesce(queued.began_at >= answered_before, true) as is_queued,
    from in_order
    where not is_queue or is_last
),

unanswered_calls as (
    select *
    from placed
    where
        is_agent
        and originating_direction = 'outbound'
        and conversation_id not in (select counted.conversation_id from counted)
    qualify
        row_number() over (
            partition by conversation_id order by began_at nulls last, position
        ) = 1
),

contacts as (
    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        is_queue,
        case when is_queued then queued.began_at else began_at end as queued_at,
        case
            when is_queued then coalesce(queue_id, queued.queue_id)
            else queue_id
        end as queue,
        row_number() over (
            partition by conversation_id order by stepped_at nulls last, position
        ) as leg,
    from counted

    union all

    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        false as is_queue,
        began_at as queued_at,
        queue_id as queue,
        1 as leg,
    from unanswered_calls
),

parties as (
    select
        *,
        coalesce(
            case when purpose = 'acd' then queue_id end,
            agent_id,
            regexp_replace(coalesce(dnis, address_to), '^tel:', '')
        ) as called,
    from placed
    where purpose in ('acd', 'agent', 'user', 'external')
),

-- Where a transferred customer went: whoever was called last before the agent left.
-- Systems take a moment.
targets as (
    select
        contacts.conversation_id,
        contacts.position,
        {{ arg_max(
            'parties.called', "(parties.purpose = 'acd', parties.began_at, parties.position)"
        ) }} as transferred_to,
    from contacts
    inner join parties
        on
            contacts.conversation_id = parties.conversation_id
            and (parties.began_at, parties.position)
            > (contacts.answered_at, contacts.position)
            and parties.began_at <= contacts.left_at + interval '1 second'
    where contacts.is_transferred
    group by contacts.conversation_id, contacts.position
),

timed as (
    select
        contacts.*,
        case when contacts.is_queue then null else contacts.answered_at end
            as seen_answered_at,
        coalesce(contacts.left_at, contacts.conversation_ended_at) as ended_at,
        coalesce(contacts.originating_direction, contacts.direction, 'inbound')
            as contact_direction,
        contacts.talk_milliseconds + contacts.held_milliseconds
            as conversation_milliseconds,
        contacts.talk_milliseconds
        + contacts.held_milliseconds
        + contacts.acw_milliseconds as handle_milliseconds,
    from contacts
),

-- Rounded as they add up: the parts are in sum the rounded handle time.
final as (
    select
        timed.conversation_id
        || case when timed.leg > 1 then '/' || timed.leg else '' end as interaction_id,
        case when not timed.is_queue then timed.agent_id end
            as agent_id,
        customers.customer_id,
        case
            when timed.media_type = 'callback' then 'voice'
            when
                timed.media_type = 'message'
                and timed.message_type in ('facebook', 'twitter', 'instagram')
                then 'social'
            when timed.media_type = 'message' then 'chat'
            else coalesce(timed.media_type, 'voice')
        end as channel,
        timed.contact_direction as direction,
        timed.queue,
        cast(null as varchar) as topic,
        cast(null as varchar) as case_id,
        timed.queued_at,
        timed.seen_answered_at as answered_at,
        timed.ended_at,
        {%- for part, until, since in [
            ('talk_seconds', 'talk_milliseconds', none),
            ('hold_seconds', 'conversation_milliseconds', 'talk_milliseconds'),
            ('acw_seconds', 'handle_milliseconds', 'conversation_milliseconds'),
        ] %}
        case
            when timed.seen_answered_at is not null and timed.ended_at is not null
                then
                    cast((timed.{{ until }} + 500) // 1000 as bigint)
                    {%- if since %}
                    - cast((timed.{{ since }} + 500) // 1000 as bigint)
                    {%- endif %}
        end as {{ part }},
        {%- endfor %}
        case
            when {{ genesys_cloud_outcome('timed.wrap_up_code') }} is not null
                then {{ genesys_cloud_outcome('timed.wrap_up_code') }}
            when
                timed.is_queue
                and timed.ended_at is not null
                and timed.contact_direction != 'outbound'
                then 'abandoned'
            when timed.is_transferred and not timed.is_queue then 'transferred'
        end as outcome,
        targets.transferred_to,
        cast(null as timestamptz) as updated_at,
        case
            when timed.leg > 1 then timed.external_tag || '/' || timed.leg
            else timed.external_tag
        end as same_as,
        timed.conversation_id,
        timed.user_id,
        timed.load_id,
        timed.row_number,
        timed.load_sequence,
    from timed
    inner join customers
        on timed.conversation_id = customers.conversation_id
    left join targets
        on
            timed.conversation_id = targets.conversation_id
            and timed.position = targets.position
)

select * from final
