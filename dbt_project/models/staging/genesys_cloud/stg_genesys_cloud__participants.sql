{{ config(materialized = 'table') }}

{#
  One row per participant of a conversation: the customer, each stay in a queue (purpose `acd`), each agent who was
  called, answered or not. Of a participant with sessions in several media (a call made for a callback, a shared screen)
  the medium that was answered first counts, lest the same minutes count twice. Who listens in is no participant.

  Times are the sessions' metrics, in milliseconds. `tTalk` and `tHeld` are told whenever talk or hold stops, `…Complete`
  once with their sum. What was never told did not happen; an answered participant without any metric of talk has its
  segments.
#}
with

conversations as (
    select * from {{ ref('stg_genesys_cloud__conversation_details') }}
),

participants as (
    select
        conversations.conversation_id,
        conversations.started_at as conversation_started_at,
        conversations.ended_at as conversation_ended_at,
        conversations.originating_direction,
        conversations.external_tag,
        conversations.load_id,
        conversations.row_number,
        conversations.load_sequence,
        {{ explode_with_places('conversations.participants', 'position', 'participant') }},
    from conversations
),

sessions as (
    select
        conversation_id,
        position,
        {{ explode_with_places('participant.sessions', 'session_number', 'session') }},
    from participants
),

spoken as (
    select
        conversation_id,
        position,
        session_number,
        lower(session.mediatype) as media_type,
        lower(session.messagetype) as message_type,
        lower(session.direction) as direction,
        nullif(session.ani, '') as ani,
        nullif(session.dnis, '') as dnis,
        nullif(session.addressfrom, '') as address_from,
        nullif(session.addressto, '') as address_to,
        session.segments,
        session.metrics,
    from sessions
    where
        coalesce(lower(session.mediatype), '') not in (
            'screenshare', 'cobrowse', 'screenmonitoring', 'internalmessage'
        )
        and session.monitoredparticipantid is null
        and session.coachedparticipantid is null
        and session.bargedparticipantid is null
),

segments as (
    select
        conversation_id,
        position,
        session_number,
        {{ explode_list('segments') }} as segment,
    from spoken
),

by_segments as (
    select
        conversation_id,
        position,
        session_number,
        min(segment.segmentstart) as began_at,
        min(segment.segmentstart) filter (where segment.segmenttype = 'interact')
            as answered_at,
        case
            when
                not bool_or(segment.segmentend is null)
                    filter (where segment.segmenttype != 'wrapup')
                then
                    max(segment.segmentend)
                        filter (where segment.segmenttype != 'wrapup')
        end as left_at,
        sum(
            {{ epoch_milliseconds('segment.segmentend') }}
            - {{ epoch_milliseconds('segment.segmentstart') }}
        )
            filter (where segment.segmenttype = 'interact')
            as interact_milliseconds,
        {{ arg_min('segment.queueid', 'segment.segmentstart') }} as queue_id,
        {{ arg_max("nullif(segment.wrapupcode, '')", 'segment.segmentstart') }} as wrap_up_code,
        coalesce(
            bool_or(
                segment.disconnecttype in (
                    'transfer',
                    'consultTransfer',
                    'conferenceTransfer',
                    'forwardTransfer'
                )
            ),
            false
        ) as is_transferred,
    from segments
    group by conversation_id, position, session_number
),

metrics as (
    select
        conversation_id,
        position,
        session_number,
        {{ explode_list('metrics') }} as metric,
    from spoken
),

by_metrics as (
    select
        conversation_id,
        position,
        session_number,
        {%- for part, name in [
            ('talk_complete', 'tTalkComplete'), ('talk', 'tTalk'),
            ('held_complete', 'tHeldComplete'), ('held', 'tHeld'), ('acw', 'tAcw'),
        ] %}
        sum(metric.value) filter (where metric.name = '{{ name }}') as {{ part }},
        {%- endfor %}
    from metrics
    group by conversation_id, position, session_number
),

measured as (
    select
        spoken.* exclude (segments, metrics),
        by_segments.* exclude (conversation_id, position, session_number),
        cast(
            coalesce(
                by_metrics.talk_complete,
                by_metrics.talk,
                by_segments.interact_milliseconds
            ) as bigint
        ) as talk_milliseconds,
        cast(coalesce(by_metrics.held_complete, by_metrics.held, 0) as bigint)
            as held_milliseconds,
        cast(coalesce(by_metrics.acw, 0) as bigint) as acw_milliseconds,
    from spoken
    inner join by_segments
        on
            spoken.conversation_id = by_segments.conversation_id
            and spoken.position = by_segments.position
            and spoken.session_number = by_segments.session_number
    left join by_metrics
        on
            spoken.conversation_id = by_metrics.conversation_id
            and spoken.position = by_metrics.position
            and spoken.session_number = by_metrics.session_number
),

of_one_medium as (
    select *
    from measured
    qualify
        media_type is not distinct from first_value(media_type) over (
            partition by conversation_id, position
            order by answered_at nulls last, session_number
        )
),

together as (
    select
        conversation_id,
        position,
        any_value(media_type) as media_type,
        {%- for column in [
            'message_type', 'direction', 'ani', 'dnis', 'address_from', 'address_to', 'queue_id',
        ] %}
        {{ arg_min(column, 'session_number') }} as {{ column }},
        {%- endfor %}
        min(began_at) as began_at,
        min(answered_at) as answered_at,
        case when not bool_or(left_at is null) then max(left_at) end as left_at,
        {{ arg_max('wrap_up_code', 'session_number') }} as wrap_up_code,
        bool_or(is_transferred) as is_transferred,
        sum(talk_milliseconds) as talk_milliseconds,
        sum(held_milliseconds) as held_milliseconds,
        sum(acw_milliseconds) as acw_milliseconds,
    from of_one_medium
    group by conversation_id, position
),

with_customers as (
    select
        *,
        bool_or(participant.purpose in ('customer', 'external', 'acd'))
            over (partition by conversation_id) as is_with_customer,
    from participants
),

final as (
    select
        with_customers.conversation_id,
        with_customers.position,
        with_customers.conversation_started_at,
        with_customers.conversation_ended_at,
        with_customers.originating_direction,
        with_customers.external_tag,
        with_customers.is_with_customer,
        with_customers.participant.purpose,
        nullif(with_customers.participant.userid, '') as user_id,
        nullif(with_customers.participant.externalcontactid, '') as external_contact_id,
        together.* exclude (conversation_id, position),
        with_customers.load_id,
        with_customers.row_number,
        with_customers.load_sequence,
    from with_customers
    inner join together
        on
            with_customers.conversation_id = together.conversation_id
            and with_customers.position = together.position
)

select * from final
