{{ config(parameters=period_parameters() + ['grain'] + unit_filters()) }}

with

tickets as (
    select * from {{ mart('fct_ticket') }}
),

-- A ticket counts on the day it was created, and again on the day it was resolved.
dated as (
    select
        tickets.agent_id,
        tickets.created_date as business_date,
        tickets.kind,
        1 as created_tickets,
        0 as resolved_tickets,
        0 as resolution_seconds,
    from tickets
    where {{ in_period('tickets.created_date') }}
    union all
    select
        tickets.agent_id,
        tickets.business_date,
        tickets.kind,
        0 as created_tickets,
        1 as resolved_tickets,
        tickets.resolution_seconds,
    from tickets
    where {{ in_period('tickets.business_date') }} and tickets.is_resolved
),

bucketed as (
    select
        dated.*,
        {{ bucket_start('dated.business_date') }} as bucket_starts_on,
    from dated
),

profiled as (
    {{ with_profile('bucketed') }}
),

labelled as (
    {{ labelled_by_unit('profiled') }}
),

unit_names as (
    {{ unit_names() }}
),

summed as (
    {% call summed_by_unit('labelled', ['kind', 'bucket_starts_on']) %}
    count(distinct labelled.agent_id) as agents,
    cast(sum(labelled.created_tickets) as bigint) as created_tickets,
    cast(sum(labelled.resolved_tickets) as bigint) as resolved_tickets,
    cast(sum(labelled.resolution_seconds) as bigint) as resolution_seconds,
    {% endcall %}
),

final as (
    select
        {{ unit_columns('summed') }}
        summed.kind,
        summed.bucket_starts_on as starts_on,
        summed.agents,
        summed.created_tickets,
        summed.resolved_tickets,
        summed.resolution_seconds,
        cast(summed.resolution_seconds as double) / nullif(summed.resolved_tickets, 0)
            as mean_resolution_seconds,
    from summed
    {{ join_unit_names('summed') }}
)

select * from final
