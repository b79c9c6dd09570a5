{{ by_change('dated_contacts', {
    'stg_landing__interactions': 'contacts',
    'int_contacts__handled': 'handled_contacts',
    'int_contacts__first_contacts': 'dated_contacts',
}, keeps=true) }}
with

interactions as (
    select * from {{ ref('stg_landing__interactions') }}
),

handled as (
    select * from {{ ref('int_contacts__handled') }}
),

first_contacts as (
    select * from {{ ref('int_contacts__first_contacts') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

context as (
    select * from {{ ref('int_run__context') }}
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
    from handled
    cross join context
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
        case
            when contacts.is_handled
                then first_contacts.interaction_id is not null
        end as is_first_contact,
        first_contacts.is_eligible as is_fcr_eligible,
        case
            when first_contacts.is_eligible
                then first_contacts.is_resolved_at_first_contact
        end as is_fcr,
    from contacts
    left join first_contacts
        on contacts.interaction_id = first_contacts.interaction_id
    left join profiles
        on
            contacts.agent_id = profiles.agent_id
            and contacts.business_date between profiles.valid_from and profiles.valid_to
)

select * from final
