{{ by_change('tickets', {'stg_landing__tickets': 'tickets'}) }}
with

tickets as (
    select * from {{ ref('stg_landing__tickets') }}
),

created as (
    {{ with_business_date(ref('stg_landing__tickets'), 'created_at') }}
),

resolved as (
    {{ with_business_date(ref('stg_landing__tickets'), 'resolved_at') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

seen as (
    select
        tickets.ticket_id,
        tickets.agent_id,
        tickets.kind,
        {{ seen_instant('tickets.created_at') }} as created_at,
        -- A status that a later resolution gave is not known yet.
        case
            when coalesce(tickets.resolved_at <= context.as_of, true)
                then tickets.status
        end as status,
        {{ seen_instant('tickets.resolved_at') }} as resolved_at,
        coalesce(
            tickets.status in ('resolved', 'closed')
            and tickets.resolved_at <= context.as_of,
            false
        ) as is_resolved,
        greatest(
            {{ epoch_seconds('tickets.resolved_at') }}
            - {{ epoch_seconds('tickets.created_at') }},
            0
        ) as resolution_seconds,
    from tickets
    cross join context
    where tickets.created_at <= context.as_of or tickets.resolved_at <= context.as_of
),

dated as (
    select
        seen.*,
        coalesce(created.business_date, {{ local_date('seen.created_at', "'UTC'") }})
            as created_date,
        case
            when seen.is_resolved
                then
                    coalesce(
                        resolved.business_date,
                        {{ local_date('seen.resolved_at', "'UTC'") }}
                    )
        end as business_date,
    from seen
    left join created
        on seen.ticket_id = created.ticket_id
    left join resolved
        on seen.ticket_id = resolved.ticket_id
),

final as (
    select
        dated.ticket_id,
        dated.agent_id,
        dated.business_date,
        profiles.team_id,
        dated.kind,
        dated.created_at,
        dated.created_date,
        dated.status,
        dated.resolved_at,
        dated.is_resolved,
        case when dated.is_resolved then dated.resolution_seconds end
            as resolution_seconds,
    from dated
    left join profiles
        on
            dated.agent_id = profiles.agent_id
            and coalesce(dated.business_date, dated.created_date)
            between profiles.valid_from and profiles.valid_to
)

select * from final
