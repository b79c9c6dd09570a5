{{ config(materialized = inlined('ephemeral')) }}

{#
  One row per ticket that was not deleted, as a ticket of the landing contract.

  A ticket is resolved at the instant it last went from unsolved to solved; a rule that closes an unsolved ticket
  solves it too. The closing of a solved ticket, days later, resolves nothing. Metrics and audits both tell the
  instant, and whichever export is newer tells the later one. It counts for whom it was assigned to then: who wrote
  the change may be an automation, or the customer.
#}
with

tickets as (
    select * from {{ ref('stg_zendesk__tickets') }}
),

metrics as (
    select * from {{ ref('stg_zendesk__ticket_metrics') }}
),

changes as (
    select
        *,
        -- A row of a field history has no number: it comes after those of its instant that have one.
        coalesce(audit_number, 9223372036854775807) as audit_order,
    from {{ ref('stg_zendesk__ticket_audits') }}
),

users as (
    select * from {{ ref('stg_zendesk__users') }}
),

ids as (
    select * from {{ ref('agent_ids') }}
    where source = 'zendesk'
),

status_changes as (
    select
        ticket_id,
        changed_at,
        audit_number,
        lower(field_value) as status,
        lower(
            coalesce(
                previous_value,
                lag(field_value) over (
                    partition by ticket_id
                    order by changed_at, audit_number nulls last, place
                )
            )
        ) as previous_status,
    from changes
    where field_name = 'status'
),

-- What a first row closes may have been solved before: only a known unsolved status makes it a solving.
solvings as (
    select
        ticket_id,
        changed_at,
        audit_number,
    from status_changes
    where
        (status = 'solved' and coalesce(previous_status, '') not in ('solved', 'closed'))
        or (status = 'closed' and previous_status not in ('solved', 'closed', 'none'))
    qualify
        row_number() over (partition by ticket_id order by changed_at desc, audit_number desc) = 1
),

-- Assigned in the audit that solves it, or before; else as the first change after it says that it was.
assigned as (
    select
        solvings.ticket_id,
        coalesce(
            {{ arg_max('changes.field_value', '(changes.changed_at, changes.audit_order)') }}
                filter (where changes.changed_at <= solvings.changed_at),
            {{ arg_min('changes.previous_value', '(changes.changed_at, changes.audit_order)') }}
                filter (where changes.changed_at > solvings.changed_at)
        ) as assignee_id,
    from solvings
    inner join changes
        on
            solvings.ticket_id = changes.ticket_id
            and changes.field_name = 'assignee_id'
    group by solvings.ticket_id
),

solved as (
    select
        tickets.*,
        greatest(metrics.solved_at, solvings.changed_at) as solved_at,
        coalesce(metrics.reopens, 0) > 0
        or metrics.solved_at is not null
        or solvings.changed_at is not null as was_solved,
        -- Of a solving that the audits do not have yet, they do not say whose it was.
        case
            when
                {{ epoch_seconds('metrics.solved_at') }}
                > {{ epoch_seconds('solvings.changed_at') }} + 60
                then tickets.assignee_id
            else coalesce(assigned.assignee_id, tickets.assignee_id)
        end as solver_id,
    from tickets
    left join metrics
        on tickets.ticket_id = metrics.ticket_id
    left join solvings
        on tickets.ticket_id = solvings.ticket_id
    left join assigned
        on tickets.ticket_id = assigned.ticket_id
    where tickets.status is distinct from 'deleted'
),

-- A ticket that was merged into another is not a second one: that one counts.
placed as (
    select
        *,
        case
            when is_merged then 'cancelled'
            when status = 'solved' then 'resolved'
            when status = 'closed' then 'closed'
            when status in ('new', 'open') then case when was_solved then 'reopened' else 'open' end
            when status in ('pending', 'hold', 'on-hold') then 'pending'
        end as contract_status,
    from solved
),

users_of_tickets as (
    select
        *,
        case
            when contract_status in ('resolved', 'closed') then solver_id
            else assignee_id
        end as user_id,
    from placed
),

final as (
    select
        tickets.ticket_id,
        {{ zendesk_agent('tickets.user_id') }} as agent_id,
        coalesce(tickets.ticket_type, 'ticket') as kind,
        tickets.created_at,
        tickets.contract_status as status,
        case
            when tickets.contract_status in ('resolved', 'closed', 'reopened')
                then tickets.solved_at
        end as resolved_at,
        tickets.updated_at,
        -- An external id is often only the order or customer that a ticket is about.
        case
            when {{ fully_matches('tickets.external_id', '[a-z_]+:.+') }} then tickets.external_id
        end as same_as,
        tickets.load_id,
        tickets.row_number,
        tickets.load_sequence,
    from users_of_tickets as tickets
    {{ join_zendesk_agent('tickets.user_id') }}
)

select * from final
