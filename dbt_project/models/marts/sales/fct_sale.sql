{{ by_change('sales', {'stg_landing__sales': 'sales'}) }}
with

leads as (
    {{ with_business_date(ref('stg_landing__sales'), 'created_at') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

final as (
    select
        leads.lead_id,
        leads.agent_id,
        leads.business_date,
        profiles.team_id,
        leads.interaction_id,
        leads.created_at,
        {{ seen_instant('leads.engaged_at') }} as engaged_at,
        {{ seen_instant('leads.converted_at') }} as converted_at,
        coalesce(leads.engaged_at <= context.as_of, false) as is_engaged,
        coalesce(leads.converted_at <= context.as_of, false) as is_converted,
        -- What a lead may bring is no revenue before it is converted.
        case when leads.converted_at <= context.as_of then leads.revenue end as revenue,
        leads.currency,
    from leads
    cross join context
    left join profiles
        on
            leads.agent_id = profiles.agent_id
            and leads.business_date between profiles.valid_from and profiles.valid_to
)

select * from final
