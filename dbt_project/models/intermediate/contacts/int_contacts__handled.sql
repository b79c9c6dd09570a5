{{ by_change('interactions', {'stg_landing__interactions': 'interactions'}, keeps=true) }}
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
        coalesce(bool_or(dated.outcome in ('resolved', 'unresolved')), false)
            as records_resolution,
    from dated
    inner join vendors_loads
        on dated.load_sequence = vendors_loads.sequence
    group by vendors_loads.dataset
),

final as (
    select
        dated.interaction_id,
        dated.agent_id,
        dated.business_date,
        dated.customer_id,
        dated.channel,
        dated.topic,
        dated.answered_at,
        dated.ended_at,
        {%- for part in ['talk_seconds', 'hold_seconds', 'acw_seconds'] %}
        case
            when vendors_loads.sequence is null then coalesce(dated.{{ part }}, 0)
            else dated.{{ part }}
        end as {{ part }},
        {%- endfor %}
        dated.outcome,
        not coalesce(vendors.records_resolution, true) as is_outcome_unknown,
    from dated
    cross join context
    left join vendors_loads
        on dated.load_sequence = vendors_loads.sequence
    left join vendors
        on vendors_loads.dataset = vendors.dataset
    where dated.ended_at <= context.as_of
)

select * from final
