{{ config(materialized = inlined('ephemeral')) }}

{#
  What the queue log says an agent was doing, from each second in which it says anything.

  A session is membership in at least one queue (ADDMEMBER … REMOVEMEMBER), or a log-in (AGENTLOGIN … AGENTLOGOFF). An
  agent is paused who is paused in every queue of the session; a pause is on or off, however often it is said, so a
  second PAUSEALL needs no second UNPAUSEALL. A conversation and its wrap-up within a session are work on a call, unless
  the agent is paused: a pause is what the agent said. What ends without having begun began before the log does. Whoever the log never adds to a queue is a
  member by configuration: nobody recorded a session, so there is none, and conversations and pauses stand alone.
#}
with

log as (
    select * from {{ ref('stg_asterisk__queue_log') }}
),

conversations as (
    select * from {{ ref('stg_asterisk__interactions') }}
    where answered_at is not null and agent_id is not null
),

statuses as (
    select * from {{ ref('source_statuses') }}
    where source = 'asterisk'
),

usual_reasons as (
    select * from {{ ref('status_reasons') }}
),

-- `membership` and `pause` are what the line sets, null where it sets nothing.
said as (
    select
        agent_id,
        occurred_at,
        case
            when event like 'AGENT%' then '(log-in)'
            else queue
        end as queue,
        event in ('PAUSEALL', 'UNPAUSEALL') or queue = 'NONE' and event like '%PAUSE'
            as is_everywhere,
        case
            when event in ('ADDMEMBER', 'AGENTLOGIN', 'AGENTCALLBACKLOGIN') then 1
            when event in ('REMOVEMEMBER', 'AGENTLOGOFF', 'AGENTCALLBACKLOGOFF') then 0
        end as membership,
        case
            when event = 'ADDMEMBER' and upper(parameter_1) = 'PAUSED' then 1
            when event in ('ADDMEMBER', 'REMOVEMEMBER') then 0
            when event in ('PAUSE', 'PAUSEALL') then 1
            when event in ('UNPAUSE', 'UNPAUSEALL') then 0
        end as pause,
        case when event in ('PAUSE', 'PAUSEALL') then coalesce(parameter_1, '') end
            as reason,
        load_id,
        row_number,
        load_sequence,
        place,
    from log
    where
        agent_id is not null
        and event in (
            'ADDMEMBER', 'REMOVEMEMBER', 'PAUSE', 'UNPAUSE', 'PAUSEALL', 'UNPAUSEALL',
            'AGENTLOGIN', 'AGENTLOGOFF', 'AGENTCALLBACKLOGIN', 'AGENTCALLBACKLOGOFF'
        )
),

queues as (
    select distinct
        agent_id,
        queue,
    from said
    where not is_everywhere
    union
    select distinct
        agent_id,
        '(all)' as queue,
    from said
    where is_everywhere
),

by_queue as (
    select
        said.* exclude (queue),
        queues.queue,
    from said
    inner join queues
        on
            said.agent_id = queues.agent_id
            and (said.is_everywhere or said.queue = queues.queue)
),

-- What the first line about a queue ends, was so when the log began.
before_the_log as (
    select
        agent_id,
        queue,
        (select min(log.occurred_at) from log) as occurred_at,
        case
            when
                {{ arg_min('membership', 'place') }}
                    filter (where membership is not null) = 0
                then 1
            else 0
        end as membership,
        case
            when
                {{ arg_min('pause', 'place') }}
                    filter (where pause is not null) = 0
                and {{ arg_min('membership is null', 'place') }} filter (where pause is not null)
                then 1
            else 0
        end as pause,
        {{ arg_min('load_id', 'place') }} as load_id,
        {{ arg_min('row_number', 'place') }} as row_number,
        0 as load_sequence,
        0 as place,
    from by_queue
    group by agent_id, queue
),

settings as (
    select
        agent_id,
        queue,
        occurred_at,
        membership,
        pause,
        reason,
        load_id,
        row_number,
        load_sequence,
        place,
    from by_queue
    union all
    select
        agent_id,
        queue,
        occurred_at,
        membership,
        pause,
        cast(null as varchar) as reason,
        load_id,
        row_number,
        load_sequence,
        place,
    from before_the_log
),

flags as (
    select
        *,
        last_value(membership ignore nulls) over so_far as is_member,
        last_value(pause ignore nulls) over so_far as is_paused,
    from settings
    window so_far as (
        partition by agent_id, queue
        order by place
        rows between unbounded preceding and current row
    )
),

counts as (
    select
        *,
        case when queue not in ('(all)', '(log-in)') then is_member else 0 end
            as queues_joined,
        case
            when queue not in ('(all)', '(log-in)') then is_member * (1 - is_paused)
            else 0
        end as queues_open,
        case when queue = '(log-in)' then is_member else 0 end as log_ins,
    from flags
),

changes as (
    select
        agent_id,
        occurred_at,
        {%- for count in ['queues_joined', 'queues_open', 'log_ins', 'is_paused'] %}
        {{ count }} - lag({{ count }}, 1, 0) over of_queue as {{ count }},
        {%- endfor %}
        0 as conversations,
        reason,
        load_id,
        row_number,
        load_sequence,
        place,
    from counts
    window of_queue as (
        partition by agent_id, queue
        order by place
    )

    union all

    select
        agent_id,
        answered_at as occurred_at,
        0 as queues_joined,
        0 as queues_open,
        0 as log_ins,
        0 as is_paused,
        1 as conversations,
        cast(null as varchar) as reason,
        load_id,
        row_number,
        load_sequence,
        -- Where a line of the log says something in the same second, the event is that line's.
        -row_number as place,
    from conversations

    union all

    select
        agent_id,
        {{ add_seconds('ended_at', 'coalesce(acw_seconds, 0)') }} as occurred_at,
        0 as queues_joined,
        0 as queues_open,
        0 as log_ins,
        0 as is_paused,
        -1 as conversations,
        cast(null as varchar) as reason,
        load_id,
        row_number,
        load_sequence,
        -- Where a line of the log says something in the same second, the event is that line's.
        -row_number as place,
    from conversations
    where ended_at is not null
),

seconds as (
    select
        agent_id,
        {{ epoch_seconds('occurred_at') }} as at_seconds,
        max(occurred_at) as occurred_at,
        {%- for count in [
            'queues_joined', 'queues_open', 'log_ins', 'is_paused', 'conversations',
        ] %}
        sum({{ count }}) as {{ count }},
        {%- endfor %}
        {{ arg_max('reason', 'place') }} as reason,
        {{ arg_max('load_id', 'place') }} as load_id,
        {{ arg_max('row_number', 'place') }} as row_number,
        max(load_sequence) as load_sequence,
    from changes
    group by agent_id, {{ epoch_seconds('occurred_at') }}
),

standing as (
    select
        agent_id,
        occurred_at,
        at_seconds,
        {%- for count in [
            'queues_joined', 'queues_open', 'log_ins', 'is_paused', 'conversations',
        ] %}
        sum({{ count }}) over so_far as {{ count }},
        {%- endfor %}
        last_value(reason ignore nulls) over so_far as reason,
        load_id,
        row_number,
        load_sequence,
    from seconds
    window so_far as (
        partition by agent_id
        order by at_seconds
        rows between unbounded preceding and current row
    )
),

by_configuration as (
    select
        agent_id,
        count(membership) = 0 as has_no_session,
    from said
    group by agent_id
),

spoken as (
    select
        standing.*,
        coalesce(by_configuration.has_no_session, true) as has_no_session,
        case
            when coalesce(by_configuration.has_no_session, true)
                then
                    case
                        when standing.is_paused > 0 then 'paused'
                        when standing.conversations > 0 then 'on a call'
                        else 'logged off'
                    end
            when standing.queues_joined + standing.log_ins = 0 then 'logged off'
            when standing.queues_joined > 0 and standing.queues_open = 0 then 'paused'
            when standing.queues_joined = 0 and standing.is_paused > 0 then 'paused'
            when standing.conversations > 0 then 'on a call'
            else 'ready'
        end as source_status,
    from standing
    left join by_configuration
        on standing.agent_id = by_configuration.agent_id
),

-- Nothing is known of an agent before the first line that says something.
known as (
    select *
    from spoken
    qualify
        source_status != 'logged off'
        or row_number() over (partition by agent_id order by at_seconds) > 1
),

final as (
    select
        'asterisk:' || known.agent_id || ':' || known.at_seconds as event_id,
        known.agent_id,
        known.occurred_at,
        coalesce(statuses.status, 'unclassified') as status,
        case
            when statuses.status = 'unavailable' and known.source_status = 'paused'
                then coalesce(usual_reasons.reason, nullif(known.reason, ''))
        end as reason,
        cast(null as varchar) as unit,
        known.occurred_at as updated_at,
        cast(null as varchar) as same_as,
        known.load_id,
        known.row_number,
        known.load_sequence,
    from known
    left join statuses
        on known.source_status = statuses.source_status
    left join usual_reasons
        on lower(known.reason) = usual_reasons.reason
)

select * from final
