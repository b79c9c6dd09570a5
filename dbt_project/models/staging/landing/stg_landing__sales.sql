{{ config(materialized='landed') }}
with

latest as (
    {{ latest_versions('sales', ['lead_id']) }}
),

final as (
    select
        lead_id,
        agent_id,
        interaction_id,
        created_at,
        engaged_at,
        converted_at,
        revenue,
        currency,
        updated_at,
        load_id,
        row_number,
        load_sequence,
    from latest
)

select * from final
