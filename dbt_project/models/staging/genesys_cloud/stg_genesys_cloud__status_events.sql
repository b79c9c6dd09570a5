{{ config(materialized = inlined('ephemeral')) }}

{#
  What an agent's routing status and presence say together, from each instant at which either changes. Both may change
  in the same millisecond: that is one change. A status holds until its end or until the next of its kind begins; then,
  where neither kind says anything, nobody is known to be logged in.
  A presence other than ON_QUEUE is one of an agent who is off queue, also where no routing status says so.
#}
{% set place = {
    'load_sequence': 'load_sequence', 'row_number': 'row_number', 'load_id': 'load_id',
} %}
with

details as (
    select * from {{ ref('stg_genesys_cloud__user_details') }}
),

ids as (
    select * from {{ ref('agent_ids') }}
    where source = 'genesys_cloud'
),

statuses as (
    select * from {{ ref('source_statuses') }}
    where source = 'genesys_cloud'
),

usual_reasons as (
    select * from {{ ref('status_reasons') }}
),

bounded as (
    select
        *,
        lead(started_at) over (partition by user_id, kind order by started_at)
            as next_started_at,
    from details
),

-- An empty status is none: nothing of this kind is known from here on.
changes as (
    select
        user_id,
        started_at as occurred_at,
        kind,
        status,
        case when kind = 'presence' then coalesce(organization_presence_id, '') end
            as organization_presence_id,
        {{ record(place) }} as place,
    from bounded

    union all

    select
        user_id,
        ended_at as occurred_at,
        kind,
        '' as status,
        case when kind = 'presence' then '' end as organization_presence_id,
        {{ record(place) }} as place,
    from bounded
    where coalesce(ended_at < next_started_at, ended_at is not null)
),

points as (
    select
        user_id,
        occurred_at,
        max(status) filter (where kind = 'presence') as presence,
        max(status) filter (where kind = 'routing') as routing,
        max(organization_presence_id) as organization_presence_id,
        max(place) as place,
    from changes
    group by user_id, occurred_at
),

in_force as (
    select
        user_id,
        occurred_at,
        {%- for column in ['presence', 'routing', 'organization_presence_id'] %}
        nullif(last_value({{ column }} ignore nulls) over so_far, '') as {{ column }},
        {%- endfor %}
        place,
    from points
    window so_far as (
        partition by user_id
        order by occurred_at
        rows between unbounded preceding and current row
    )
),

together as (
    select
        *,
        coalesce(routing, case when presence != 'ON_QUEUE' then 'OFF_QUEUE' end)
            as routing_status,
    from in_force
),

placed as (
    select
        together.user_id,
        together.occurred_at,
        case
            when together.routing is null and together.presence is null then 'away'
            when together.routing = 'OFF_QUEUE' and together.presence is null
                then 'unclassified'
            else coalesce(with_presence.status, alone.status, 'unclassified')
        end as status,
        case
            when together.routing_status = 'OFF_QUEUE'
                then
                    coalesce(
                        {{ genesys_cloud_presence('organization_presence_id') }},
                        together.presence
                    )
            else together.routing_status
        end as reason,
        together.place,
    from together
    left join statuses as with_presence
        on
            lower(together.routing_status || ' ' || together.presence)
            = with_presence.source_status
    left join statuses as alone
        on lower(together.routing_status) = alone.source_status
),

reasoned as (
    select
        placed.user_id,
        placed.occurred_at,
        placed.status,
        case
            when placed.status = 'unavailable'
                then coalesce(usual_reasons.reason, placed.reason)
        end as reason,
        placed.place,
    from placed
    left join usual_reasons
        on lower(placed.reason) = usual_reasons.reason
),

final as (
    select
        reasoned.user_id || ' ' || {{ epoch_milliseconds('reasoned.occurred_at') }} as event_id,
        coalesce(ids.agent_id, reasoned.user_id) as agent_id,
        reasoned.occurred_at,
        reasoned.status,
        reasoned.reason,
        cast(null as varchar) as unit,
        cast(null as timestamptz) as updated_at,
        cast(null as varchar) as same_as,
        reasoned.place.load_id,
        reasoned.place.row_number,
        reasoned.place.load_sequence,
    from reasoned
    left join ids
        on reasoned.user_id = ids.source_agent_id
)

select * from final
