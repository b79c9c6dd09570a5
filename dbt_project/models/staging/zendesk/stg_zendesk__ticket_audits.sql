{{ config(materialized = 'view') }}

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
        case
            when json_type(try_cast(payload ->> '$.events' as json)) = 'ARRAY'
                then cast(try_cast(payload ->> '$.events' as json) as json[])
            -- The row of a field history is its own event.
            else [cast(payload as json)]
        end as events,
        load_id,
        row_number,
        load_sequence,
    from records
),

read as (
    select
        audits.payload ->> '$.ticket_id' as ticket_id,
        audits.changed_at,
        try_cast(audits.payload ->> '$.id' as bigint) as audit_number,
        numbered.place,
        audits.events[numbered.place] ->> '$.field_name' as field_name,
        nullif(audits.events[numbered.place] ->> '$.value', '') as field_value,
        case
            when audits.events[numbered.place] ->> '$.type' = 'Create' then 'none'
            else nullif(audits.events[numbered.place] ->> '$.previous_value', '')
        end as previous_value,
        audits.load_id,
        audits.row_number,
        audits.load_sequence,
    from audits
    cross join unnest(range(1, len(audits.events) + 1)) as numbered (place)
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
