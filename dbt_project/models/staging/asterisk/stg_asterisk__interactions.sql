{{ config(materialized = 'table') }}

{#
  One row per passage of a call through a queue. A call that goes on to another queue, or comes back, has a row for
  each: the first has the call's id, the others the id with their number.
  The log's "holdtime" is the wait in the queue. Its "calltime" is the conversation, the caller on hold included: it is
  talk, and hold is not recorded. After-contact work is recorded where WRAPUPSTART is. A ring without an answer is
  nobody's contact.
#}
with

log as (
    select * from {{ ref('stg_asterisk__queue_log') }}
),

-- Where each event has the conversation's seconds.
calls as (
    select
        *,
        case
            when event in ('COMPLETEAGENT', 'COMPLETECALLER')
                then try_cast(parameter_2 as bigint)
            -- A link is two channels: what follows them stands one place later.
            when event = 'ATTENDEDTRANSFER' and parameter_1 = 'LINK'
                then try_cast(parameter_5 as bigint)
            when event in ('TRANSFER', 'BLINDTRANSFER', 'ATTENDEDTRANSFER')
                then try_cast(parameter_4 as bigint)
        end as talk_seconds,
        event in (
            'COMPLETEAGENT', 'COMPLETECALLER', 'TRANSFER', 'BLINDTRANSFER',
            'ATTENDEDTRANSFER'
        ) as ends_conversation,
        event in (
            'ABANDON', 'EXITEMPTY', 'EXITWITHKEY', 'EXITWITHTIMEOUT', 'AGENTDUMP'
        ) as ends_waiting,
        greatest(
            count(*) filter (where event = 'ENTERQUEUE') over (
                partition by callid
                order by place
                rows between unbounded preceding and current row
            ),
            1
        ) as passage,
    from log
    where
        event in (
            'ENTERQUEUE', 'CONNECT', 'COMPLETEAGENT', 'COMPLETECALLER', 'TRANSFER',
            'BLINDTRANSFER', 'ATTENDEDTRANSFER', 'ABANDON', 'EXITEMPTY', 'EXITWITHKEY',
            'EXITWITHTIMEOUT', 'AGENTDUMP', 'WRAPUPSTART', 'WRAPUPEND'
        )
        and callid is not null
),

passages as (
    select
        callid,
        passage,
        {{ arg_min('queue', 'place') }} as queue,
        min(occurred_at) filter (where event = 'ENTERQUEUE') as entered_at,
        any_value(parameter_2) filter (where event = 'ENTERQUEUE') as caller,
        max(occurred_at) filter (where event = 'CONNECT') as answered_at,
        {{ arg_max('agent_id', 'place') }} filter (where event = 'CONNECT') as agent_id,
        {{ arg_max('try_cast(parameter_1 as bigint)', 'place') }}
            filter (where event = 'CONNECT') as wait_seconds,
        min(occurred_at) filter (where ends_conversation) as conversation_ended_at,
        {{ arg_min('event', 'place') }} filter (where ends_conversation) as ending,
        {{ arg_min('talk_seconds', 'place') }} filter (where ends_conversation)
            as talk_seconds,
        {{ arg_min(
            "case when event = 'ATTENDEDTRANSFER' then parameter_2 else parameter_1 end",
            'place'
        ) }} filter (
            where event in ('TRANSFER', 'BLINDTRANSFER', 'ATTENDEDTRANSFER')
        ) as transferred_to,
        max(occurred_at) filter (where ends_waiting) as waiting_ended_at,
        coalesce(bool_or(event = 'ABANDON'), false) as was_abandoned,
        min(occurred_at) filter (where event = 'WRAPUPSTART') as wrap_up_began_at,
        {{ arg_min('try_cast(parameter_1 as bigint)', 'place') }}
            filter (where event = 'WRAPUPSTART') as wrap_up_limit_seconds,
        max(occurred_at) filter (where event = 'WRAPUPEND') as wrap_up_ended_at,
        max(occurred_at) as updated_at,
        {{ arg_max('load_id', 'place') }} as load_id,
        {{ arg_max('row_number', 'place') }} as row_number,
        max(load_sequence) as load_sequence,
    from calls
    group by callid, passage
    having
        bool_or(event in ('ENTERQUEUE', 'CONNECT') or ends_waiting or ends_conversation)
),

departures as (
    select
        agent_id,
        occurred_at,
    from log
    where event in ('REMOVEMEMBER', 'AGENTLOGOFF', 'AGENTCALLBACKLOGOFF')
),

-- A conversation whose end the log lost was over when its agent left or took another.
bounded as (
    select
        passages.*,
        case
            when passages.answered_at is not null
                then
                    coalesce(
                        passages.conversation_ended_at,
                        least(
                            lead(passages.answered_at) over (
                                partition by
                                    passages.agent_id, passages.answered_at is null
                                order by passages.answered_at, passages.callid
                            ),
                            departures.occurred_at
                        )
                    )
            else passages.waiting_ended_at
        end as ended_at,
    from passages
    {{ join_first_after('passages', 'answered_at', 'departures', 'occurred_at', 'agent_id') }}
),

final as (
    select
        callid || case when passage > 1 then '/' || passage else '' end
            as interaction_id,
        agent_id,
        -- A caller without a number is a customer of no other call.
        case
            when
                caller is null
                or lower(caller) in ('unknown', 'anonymous', 'restricted', 'unavailable')
                then 'call ' || callid
            else caller
        end as customer_id,
        'voice' as channel,
        'inbound' as direction,
        queue,
        cast(null as varchar) as topic,
        cast(null as varchar) as case_id,
        coalesce(
            entered_at,
            {{ add_seconds('answered_at', '-coalesce(wait_seconds, 0)') }},
            waiting_ended_at,
            conversation_ended_at
        ) as queued_at,
        answered_at,
        ended_at,
        talk_seconds,
        cast(null as bigint) as hold_seconds,
        -- A log that has wrap-ups has them all: a call without one had none.
        case
            when answered_at is not null and bool_or(wrap_up_began_at is not null) over ()
                then
                    coalesce(
                        {{ epoch_seconds('wrap_up_ended_at') }}
                        - {{ epoch_seconds('wrap_up_began_at') }},
                        wrap_up_limit_seconds,
                        0
                    )
        end as acw_seconds,
        case
            when answered_at is null and was_abandoned then 'abandoned'
            when ending in ('TRANSFER', 'BLINDTRANSFER', 'ATTENDEDTRANSFER')
                then 'transferred'
        end as outcome,
        transferred_to,
        updated_at,
        cast(null as varchar) as same_as,
        load_id,
        row_number,
        load_sequence,
    from bounded
)

select * from final
