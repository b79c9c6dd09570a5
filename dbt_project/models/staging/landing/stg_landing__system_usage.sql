{{ config(materialized='landed') }}
with

latest as (
    {{ latest_versions('system_usage', ['usage_id']) }}
),

final as (
    select
        usage_id,
        agent_id,
        application,
        feature,
        started_at,
        ended_at,
        updated_at,
        load_id,
        row_number,
        load_sequence,
    from latest
)

select * from final
