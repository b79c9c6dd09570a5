{{ config(materialized='landed') }}
with

latest as (
    {{ latest_versions('shifts', ['segment_id']) }}
),

final as (
    select
        segment_id,
        shift_id,
        agent_id,
        starts_at,
        ends_at,
        activity,
        updated_at,
        load_id,
        row_number,
        load_sequence,
    from latest
)

select * from final
