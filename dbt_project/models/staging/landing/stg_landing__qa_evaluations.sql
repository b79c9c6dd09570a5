{{ config(materialized='landed') }}
with

latest as {{ not_materialized() }} (
    {{ latest_versions('qa_evaluations', ['evaluation_id']) }}
),

together as (
    {{ with_vendors('evaluation_id', [
        'stg_amazon_connect__qa_evaluations',
        'stg_genesys_cloud__qa_evaluations',
    ]) }}
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
    from together
)

select * from final
