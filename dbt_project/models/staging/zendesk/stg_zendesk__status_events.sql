{{ config(materialized = inlined('ephemeral')) }}

{#
  One row per change of an agent's unified status, as a status event of the landing contract. Zendesk says who could
  get work, never who is working: no status of it is active.
#}
with

states as (
    select * from {{ ref('stg_zendesk__agent_states') }}
),

statuses as (
    select * from {{ ref('source_statuses') }}
    where source = 'zendesk'
),

usual_reasons as (
    select * from {{ ref('status_reasons') }}
),

users as (
    select * from {{ ref('stg_zendesk__users') }}
),

ids as (
    select * from {{ ref('agent_ids') }}
    where source = 'zendesk'
),

final as (
    select
        'zendesk:' || states.user_id || ':' || {{ epoch_microseconds('states.occurred_at') }} as event_id,
        {{ zendesk_agent('states.user_id') }} as agent_id,
        states.occurred_at,
        coalesce(statuses.status, 'unclassified') as status,
        case
            when statuses.status = 'unavailable'
                then coalesce(by_name.reason, by_words.reason, states.status_name)
        end as reason,
        cast(null as varchar) as unit,
        states.occurred_at as updated_at,
        cast(null as varchar) as same_as,
        states.load_id,
        states.row_number,
        states.load_sequence,
    from states
    left join statuses
        on replace(lower(states.status_name), '_', ' ') = statuses.source_status
    left join usual_reasons as by_name
        on lower(states.status_name) = by_name.reason
    left join usual_reasons as by_words
        on replace(lower(states.status_name), ' ', '_') = by_words.reason
    {{ join_zendesk_agent('states.user_id') }}
)

select * from final
