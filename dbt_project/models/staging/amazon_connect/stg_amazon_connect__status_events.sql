{{ config(materialized = inlined('ephemeral')) }}

{#
  What each event says that an agent does from then on. A contact that is connected, on hold or ended (that is,
  in after-contact work, which has no event of its own) wins over the status that the agent set.
  A heartbeat counts only where it says something new within a session: they go on for up to an hour after a log-off.
#}
with

events as (
    select * from {{ ref('stg_amazon_connect__agent_events') }}
),

ids as (
    select * from {{ ref('agent_ids') }}
    where source = 'amazon_connect'
),

statuses as (
    select * from {{ ref('source_statuses') }}
    where source = 'amazon_connect'
),

usual_reasons as (
    select * from {{ ref('status_reasons') }}
),

busy as (
    select distinct events.event_id
    from events
    cross join lateral (
        select {{ explode_list('events.contact_states') }} as state
    ) as contacts
    inner join statuses
        on
            lower(contacts.state) = statuses.source_status
            and statuses.status = 'active'
),

-- The table may name the status itself, or else its type; an event without a type has one by its name.
placed as (
    select
        events.event_id,
        {{ amazon_connect_agent('events') }} as agent_id,
        events.occurred_at,
        events.event_type,
        events.status_name,
        case
            when events.event_type = 'LOGOUT' then logged_out.status
            when busy.event_id is not null then 'active'
            else coalesce(by_name.status, by_type.status, 'unclassified')
        end as status,
        events.load_id,
        events.row_number,
        events.load_sequence,
    from events
    {{ join_amazon_connect_agent('events') }}
    left join busy
        on events.event_id = busy.event_id
    left join statuses as by_name
        on lower(events.status_name) = by_name.source_status
    left join statuses as by_type
        on
            by_type.source_status = coalesce(
                lower(events.status_type),
                case lower(events.status_name)
                    when 'available' then 'routable'
                    when 'offline' then 'offline'
                    else case when events.status_name is not null then 'custom' end
                end
            )
    left join statuses as logged_out
        on logged_out.source_status = 'offline'
),

within_sessions as (
    select *
    from placed
    where agent_id is not null
    window so_far as (
        partition by agent_id
        order by occurred_at, event_id
        rows between unbounded preceding and current row
    )
    qualify
        event_type != 'HEART_BEAT'
        or coalesce(
            last_value(case when event_type != 'HEART_BEAT' then event_type end ignore nulls)
                over so_far,
            ''
        ) != 'LOGOUT'
),

news as (
    select *
    from within_sessions
    window by_agent as (partition by agent_id order by occurred_at, event_id)
    qualify
        event_type != 'HEART_BEAT'
        or lag((status, status_name)) over by_agent is distinct from (status, status_name)
),

final as (
    select
        news.event_id,
        news.agent_id,
        news.occurred_at,
        news.status,
        case
            when news.status = 'unavailable'
                then coalesce(usual_reasons.reason, news.status_name)
        end as reason,
        cast(null as varchar) as unit,
        news.occurred_at as updated_at,
        cast(null as varchar) as same_as,
        news.load_id,
        news.row_number,
        news.load_sequence,
    from news
    left join usual_reasons
        on lower(news.status_name) = usual_reasons.reason
)

select * from final
