{{ by_change('handled_interactions', {'stg_landing__interactions': 'interactions'}, keeps=true) }}
{#
  One row per handled contact: an interaction with an agent, answered and ended by `as_of`. A landed row that leaves a
  time out says 0; what a vendor's system does not record is unknown. So is every outcome of a system that never says
  whether a contact was resolved.
#}
with

dated as (
    {{ with_business_date(ref('stg_landing__interactions'), 'answered_at') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

vendors_loads as (
    select * from {{ ref('stg_records__loads') }}
    where dataset like '%/%'
),

vendors as (
    select
        vendors_loads.dataset,
        coalesce(bool_or(interactions.outcome in ('resolved', 'unresolved')), false)
            as records_resolution,
    from {{ ref('stg_landing__interactions') }} as interactions
    cross join context
    inner join vendors_loads
        on interactions.load_sequence = vendors_loads.sequence
    where
        interactions.agent_id is not null
        and interactions.answered_at <= context.as_of
    group by vendors_loads.dataset
),

unresolved_loads as (
    select vendors_loads.sequence
    from vendors_loads
    inner join vendors
        on vendors_loads.dataset = vendors.dataset
    where not vendors.records_resolution
),

final as (
    select
        dated.interaction_id,
        dated.agent_id,
        dated.business_date,
        dated.customer_id,
        dated.channel,
        dated.direction,
        dated.queue,
        dated.topic,
        dated.case_id,
        dated.queued_at,
        dated.answered_at,
        dated.ended_at,
        {%- for part in ['talk_seconds', 'hold_seconds', 'acw_seconds'] %}
        case
            when dated.load_sequence in (select vendors_loads.sequence from vendors_loads)
                then dated.{{ part }}
            else coalesce(dated.{{ part }}, 0)
        end as {{ part }},
        {%- endfor %}
        dated.outcome,
        dated.transferred_to,
        coalesce(
            dated.load_sequence in (select unresolved_loads.sequence from unresolved_loads), false
        ) as is_outcome_unknown,
    from dated
    cross join context
    where dated.ended_at <= context.as_of
)

select * from final
