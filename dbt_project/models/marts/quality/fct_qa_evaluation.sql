{{ by_change('evaluations', {'stg_landing__qa_evaluations': 'evaluations'}) }}
with

evaluations as (
    {{ with_business_date(ref('stg_landing__qa_evaluations'), 'evaluated_at') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

final as (
    select
        evaluations.evaluation_id,
        evaluations.agent_id,
        evaluations.business_date,
        profiles.team_id,
        evaluations.interaction_id,
        evaluations.evaluated_at,
        evaluations.evaluator_id,
        evaluators.role as evaluator_role,
        evaluations.method,
        evaluations.sampling,
        evaluations.sampling = 'random' as is_random,
        evaluations.score,
        evaluations.script_adherence,
        evaluations.tone,
        evaluations.solution_accuracy,
        coalesce(evaluations.critical_fail, false) as critical_fail,
        cast(
            case when evaluations.critical_fail then 0 else evaluations.score end
            as decimal(18, 9)
        ) as effective_score,
    from evaluations
    left join profiles
        on
            evaluations.agent_id = profiles.agent_id
            and evaluations.business_date
            between profiles.valid_from and profiles.valid_to
    left join profiles as evaluators
        on
            evaluations.evaluator_id = evaluators.agent_id
            and {{ epoch_seconds('evaluations.evaluated_at') }}
            >= evaluators.begins_seconds
            and {{ epoch_seconds('evaluations.evaluated_at') }}
            < evaluators.ends_seconds
)

select * from final
