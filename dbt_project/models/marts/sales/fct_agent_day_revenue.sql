with

leads as (
    select * from {{ ref('fct_sale') }}
    where is_converted
),

final as (
    select
        agent_id,
        business_date,
        any_value(team_id) as team_id,
        currency,
        count(*) as converted_leads,
        cast(sum(revenue) as decimal(38, 4)) as revenue,
    from leads
    group by agent_id, business_date, currency
)

select * from final
