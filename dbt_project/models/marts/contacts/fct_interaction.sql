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
        interactions.queued_at <= context.as_of
        or interactions.answered_at <= context.as_of
),

timed as (
    select
        *,
        case
            when seen_agent_id is null then coalesce(seen_queued_at, seen_answered_at)
            else coalesce(seen_answered_at, seen_queued_at)
        end as dated_at,
        case
            when seen_answered_at is not null
                then
                    greatest(
                        {{ epoch_seconds('answered_at') }}
                        - {{ epoch_seconds('queued_at') }},
                        0
                    )
        end as wait_seconds,
    from seen
),

-- Most contacts were handled, and their date is known: asking a time zone for it again takes longer than all the rest.
dated as (
    select
        timed.*,
        handled.interaction_id is not null as is_handled,
        handled.talk_seconds as handled_talk_seconds,
        handled.hold_seconds as handled_hold_seconds,
        handled.acw_seconds as handled_acw_seconds,
        coalesce(
            handled.business_date,
            {{ local_date('timed.dated_at', "coalesce(profiles.time_zone, 'UTC')") }}
        ) as business_date,
    from timed
    left join handled
        on timed.interaction_id = handled.interaction_id
    left join profiles
        on
            timed.seen_agent_id = profiles.agent_id
            and {{ epoch_seconds('timed.dated_at') }} >= profiles.begins_seconds
            and {{ epoch_seconds('timed.dated_at') }} < profiles.ends_seconds
),

final as (
    select
        dated.interaction_id,
        dated.seen_agent_id as agent_id,
        dated.business_date,
        profiles.team_id,
        profiles.site,
        profiles.function,
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
        dated.wait_seconds,
        case when dated.channel in ('chat', 'email') then dated.wait_seconds end
            as first_response_seconds,
        dated.handled_talk_seconds as talk_seconds,
        dated.handled_hold_seconds as hold_seconds,
        dated.handled_acw_seconds as acw_seconds,
        {{ handle_seconds('dated.handled_') }} as handle_seconds,
        dated.seen_answered_at is not null as is_answered,
        -- Who ended without an answer gave up, whatever the outcome says.
        dated.direction = 'inbound'
        and dated.seen_answered_at is null
        and dated.is_outcome_known
        and (dated.ended_at is not null or coalesce(dated.outcome = 'abandoned', false))
            as is_abandoned,
        dated.is_handled,
        case
            when dated.is_handled
                then first_contacts.interaction_id is not null
        end as is_first_contact,
        first_contacts.is_eligible as is_fcr_eligible,
        case
            when first_contacts.is_eligible
                then first_contacts.is_resolved_at_first_contact
        end as is_fcr,
    from dated
    left join first_contacts
        on dated.interaction_id = first_contacts.interaction_id
    left join profiles
        on
            dated.seen_agent_id = profiles.agent_id
            and dated.business_date between profiles.valid_from and profiles.valid_to
)

select * from final
