with

latest as (
    {{ latest_versions('qa_evaluations', ['evaluation_id']) }}
),

final as (
    select
        evaluation_id,
        agent_id,
        interaction_id,
        evaluator_id,
        evaluated_at,
        method,
        sampling,
        score,
        script_adherence,
        tone,
        solution_accuracy,
        critical_fail,
        updated_at,
        load_id,
        row_number,
        load_sequence,
    from latest
)

select * from final
