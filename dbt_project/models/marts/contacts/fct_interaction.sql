{{ by_change('contacts', {
    'stg_landing__interactions': 'interactions',
    'int_contacts__handled': 'contacts_around',
}, keeps=true) }}
{#
  First contact resolution: an issue is what a customer has about a topic, and goes on while a contact is answered within
  the window after the latest end before it. The latest end of all earlier contacts of that customer and topic serves:
  those of an earlier issue ended before this one's window.
#}
{% set window = fcr_window() %}
with

interactions as (
    select * from {{ ref('stg_landing__interactions') }}
),

handled as {{ not_materialized() }} (
    select * from {{ ref('int_contacts__handled') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

-- What is alone in its customer's topic needs no order, and most contacts are. Whose number is another topic's by
-- chance is put in order too, alone.
several as (
    select {{ number_of(['customer_id', 'topic']) }} as topic_number
    from handled
    group by {{ number_of(['customer_id', 'topic']) }}
    having count(*) > 1
),

chained as (
    select
        handled.interaction_id,
        max(handled.ended_at) over before as latest_end_before,
        lead(handled.answered_at) over topic_contacts as next_answered_at,
        max(handled.ended_at) over so_far as latest_end_so_far,
    from handled
    semi join several
        on {{ number_of(['handled.customer_id', 'handled.topic']) }} = several.topic_number
    window
        topic_contacts as (
            partition by handled.customer_id, handled.topic
            order by handled.answered_at, handled.interaction_id
        ),
        before as (
            partition by handled.customer_id, handled.topic
            order by handled.answered_at, handled.interaction_id
            rows between unbounded preceding and 1 preceding
        ),
        so_far as (
            partition by handled.customer_id, handled.topic
            order by handled.answered_at, handled.interaction_id
            rows between unbounded preceding and current row
        )
),

-- Of a handled contact all is known, and its date too: asking a time zone for it again takes longer than all the rest.
handled_contacts as (
    select
        handled.interaction_id,
        handled.agent_id,
        handled.business_date,
        handled.customer_id,
        handled.channel,
        handled.direction,
        handled.queue,
        handled.topic,
        handled.case_id,
        {{ seen_instant('handled.queued_at') }} as queued_at,
        handled.answered_at,
        handled.ended_at,
        handled.outcome,
        handled.transferred_to,
        {{ wait_seconds('handled') }} as wait_seconds,
        handled.talk_seconds,
        handled.hold_seconds,
        handled.acw_seconds,
        {{ handle_seconds('handled.') }} as handle_seconds,
        false as is_abandoned,
        true as is_handled,
        coalesce(handled.answered_at > chained.latest_end_before + {{ window }}, true) as is_first_contact,
        -- Of a contact whose outcome nobody recorded, nobody knows whether it resolved the issue.
        case
            when not coalesce(handled.is_outcome_unknown, false)
                then handled.ended_at + {{ window }} <= context.as_of
        end as is_mature,
        coalesce(handled.outcome = 'resolved', false)
        and coalesce(chained.next_answered_at > chained.latest_end_so_far + {{ window }}, true)
            as is_resolved_at_first_contact,
    from handled
    cross join context
    left join chained
        on handled.interaction_id = chained.interaction_id
),

-- An answer after `as_of` has no agent yet, and an end after it no outcome.
seen as (
    select
        interactions.*,
        {{ seen_instant('interactions.queued_at') }} as seen_queued_at,
        {{ seen_instant('interactions.answered_at') }} as seen_answered_at,
        {{ seen_instant('interactions.ended_at') }} as seen_ended_at,
        case
            when coalesce(interactions.answered_at <= context.as_of, true)
                then interactions.agent_id
        end as seen_agent_id,
        coalesce(interactions.answered_at <= context.as_of, true)
        and coalesce(interactions.ended_at <= context.as_of, true) as is_outcome_known,
    from interactions
    cross join context
    where
        not {{ is_handled('interactions') }}
        and (
            interactions.queued_at <= context.as_of
            or interactions.answered_at <= context.as_of
        )
),

dated as (
    select
        *,
        case
            when seen_agent_id is null then coalesce(seen_queued_at, seen_answered_at)
            else coalesce(seen_answered_at, seen_queued_at)
        end as dated_at,
    from seen
),

other_contacts as (
    select
        dated.interaction_id,
        dated.seen_agent_id as agent_id,
        {{ local_date('dated.dated_at', "coalesce(profiles.time_zone, 'UTC')") }} as business_date,
        dated.customer_id,
        dated.channel,
        dated.direction,
        dated.queue,
        dated.topic,
        dated.case_id,
        dated.seen_queued_at as queued_at,
        dated.seen_answered_at as answered_at,
        dated.seen_ended_at as ended_at,
        case when dated.is_outcome_known then dated.outcome end as outcome,
        case when dated.is_outcome_known then dated.transferred_to end
            as transferred_to,
        case when dated.seen_answered_at is not null then {{ wait_seconds('dated') }} end as wait_seconds,
        cast(null as bigint) as talk_seconds,
        cast(null as bigint) as hold_seconds,
        cast(null as bigint) as acw_seconds,
        cast(null as bigint) as handle_seconds,
        -- Who ended without an answer gave up, whatever the outcome says.
        dated.direction = 'inbound'
        and dated.seen_answered_at is null
        and dated.is_outcome_known
        and (dated.ended_at is not null or coalesce(dated.outcome = 'abandoned', false))
            as is_abandoned,
        false as is_handled,
        cast(null as boolean) as is_first_contact,
        cast(null as boolean) as is_mature,
        cast(null as boolean) as is_resolved_at_first_contact,
    from dated
    left join profiles
        on
            dated.seen_agent_id = profiles.agent_id
            and {{ epoch_seconds('dated.dated_at') }} >= profiles.begins_seconds
            and {{ epoch_seconds('dated.dated_at') }} < profiles.ends_seconds
),

contacts as (
    select * from handled_contacts
    union all
    select * from other_contacts
),

final as (
    select
        contacts.interaction_id,
        contacts.agent_id,
        contacts.business_date,
        profiles.team_id,
        profiles.site,
        profiles.function,
        contacts.customer_id,
        contacts.channel,
        contacts.direction,
        contacts.queue,
        contacts.topic,
        contacts.case_id,
        contacts.queued_at,
        contacts.answered_at,
        contacts.ended_at,
        contacts.outcome,
        contacts.transferred_to,
        contacts.wait_seconds,
        case when contacts.channel in ('chat', 'email') then contacts.wait_seconds end
            as first_response_seconds,
        contacts.talk_seconds,
        contacts.hold_seconds,
        contacts.acw_seconds,
        contacts.handle_seconds,
        contacts.answered_at is not null as is_answered,
        contacts.is_abandoned,
        contacts.is_handled,
        contacts.is_first_contact,
        case when contacts.is_first_contact then contacts.is_mature end as is_fcr_eligible,
        case
            when contacts.is_first_contact and contacts.is_mature
                then contacts.is_resolved_at_first_contact
        end as is_fcr,
    from contacts
    left join profiles
        on
            contacts.agent_id = profiles.agent_id
            and contacts.business_date between profiles.valid_from and profiles.valid_to
)

select * from final
