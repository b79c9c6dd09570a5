{{ config(materialized = inlined('view')) }}

{#
  One row per change of a ticket's status or assignee: an event of an audit, or a row of the field history that a
  warehouse makes of the audits. A change that several exports have counts once.
#}
with

records as (
    {{ raw_records('zendesk', 'ticket_audits') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

audits as (
    select
        payload,
        coalesce({{ zendesk_instant('created_at') }}, {{ zendesk_instant('updated') }})
            as changed_at,
        -- The row of a field history is its own event.
        {{ json_items_or_whole('payload', '$.events') }} as events,
        load_id,
        row_number,
        load_sequence,
    from records
),

changes as (
    select
        payload,
        changed_at,
        {{ explode_with_places('events', 'place', 'event') }},
        load_id,
        row_number,
        load_sequence,
    from audits
),

read as (
    select
        payload ->> '$.ticket_id' as ticket_id,
        changed_at,
        try_cast(payload ->> '$.id' as bigint) as audit_number,
        place,
        event ->> '$.field_name' as field_name,
        nullif(event ->> '$.value', '') as field_value,
        case
            when event ->> '$.type' = 'Create' then 'none'
            else nullif(event ->> '$.previous_value', '')
        end as previous_value,
        load_id,
        row_number,
        load_sequence,
    from changes
),

final as (
    select read.*
    from read
    cross join context
    where
        read.ticket_id is not null
        and read.changed_at <= context.as_of
        and read.field_name in ('status', 'assignee_id')
    qualify
        row_number() over (
            partition by
                read.ticket_id,
                read.changed_at,
                read.audit_number,
                read.field_name,
                read.field_value
            order by read.load_sequence, read.row_number, read.place
        ) = 1
)

select * from final
