{{ config(materialized = inlined('view')) }}

{# One row per ticket, as its newest metrics say; those may also come as the metric set within a ticket. #}
with

records as (
    {{ raw_records('zendesk', 'ticket_metrics') }}
),

read as (
    select
        coalesce(
            payload ->> '$.metric_set.ticket_id',
            payload ->> '$.ticket_id',
            case when payload ->> '$.metric_set' is not null then payload ->> '$.id' end
        ) as ticket_id,
        coalesce(
            {{ zendesk_instant('metric_set.solved_at') }},
            {{ zendesk_instant('solved_at') }}
        ) as solved_at,
        coalesce(
            try_cast(payload ->> '$.metric_set.reopens' as bigint),
            try_cast(payload ->> '$.reopens' as bigint)
        ) as reopens,
        coalesce(
            {{ zendesk_instant('metric_set.updated_at') }},
            {{ zendesk_instant('updated_at') }}
        ) as updated_at,
        load_id,
        row_number,
        load_sequence,
    from records
),

final as (
    {{ newest_versions('ticket_id') }}
)

select * from final
