with

latest as (
    {{ latest_versions('training_records', ['record_id']) }}
),

final as (
    select
        record_id,
        agent_id,
        course,
        kpi,
        completed_at,
        pre_score,
        post_score,
        updated_at,
        load_id,
        row_number,
        load_sequence,
    from latest
)

select * from final
