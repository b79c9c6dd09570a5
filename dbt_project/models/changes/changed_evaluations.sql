{{ changed_keys(
    'stg_landing__qa_evaluations', 'evaluation_id', ['evaluated_at'], people=['agent_id', 'evaluator_id']
) }}
