{{ config(materialized = inlined('view')) }}

{#
  One row per instant at which an agent's unified status changed, in whichever form it was told: an event of a webhook,
  what the availability interface says when it is asked (again and again the same change), or a row of a table.
  The status of one channel is none of the agent.
#}
with

records as (
    {{ raw_records('zendesk', 'agent_states') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

read as (
    select
        coalesce(
            payload ->> '$.detail.agent_id',
            payload ->> '$.attributes.agent_id',
            payload ->> '$.agent_id'
        ) as user_id,
        nullif(
            trim(
                coalesce(
                    payload ->> '$.event.new_unified_state.name',
                    payload ->> '$.attributes.agent_status.name',
                    payload ->> '$.status'
                )
            ),
            ''
        ) as status_name,
        coalesce(
            {{ zendesk_instant('event.updated_at') }},
            {{ zendesk_instant('attributes.agent_status.updated_at') }},
            {{ zendesk_instant('updated_at') }}
        ) as occurred_at,
        load_id,
        row_number,
        load_sequence,
    from records
    where
        lower(coalesce(payload ->> '$.event.channel', payload ->> '$.channel', 'unified'))
        = 'unified'
),

final as (
    select read.*
    from read
    cross join context
    where
        read.user_id is not null
        and read.status_name is not null
        and read.occurred_at <= context.as_of
    qualify
        row_number() over (
            partition by read.user_id, read.occurred_at
            order by read.load_sequence desc, read.row_number desc
        ) = 1
)

select * from final
