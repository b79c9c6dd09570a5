{{ config(parameters=period_parameters() + unit_filters()) }}

with

evaluations as (
    select
        evaluations.agent_id,
        evaluations.business_date,
        evaluations.evaluator_id,
        evaluations.evaluator_role,
        evaluations.method,
        evaluations.effective_score,
        evaluations.critical_fail,
    from {{ mart('fct_qa_evaluation') }} as evaluations
    where {{ in_period('evaluations.business_date') }}
),

profiled as (
    {{ with_profile('evaluations') }}
),

labelled as (
    {{ labelled_by_unit('profiled') }}
),

unit_names as (
    {{ unit_names() }}
),

summed as (
    {% call summed_by_unit('labelled', ['evaluator_id', 'evaluator_role', 'method']) %}
    count(distinct labelled.agent_id) as agents,
    count(*) as evaluations,
    count(*) filter (where labelled.critical_fail) as critical_fails,
    cast(sum(labelled.effective_score) as decimal(38, 9)) as quality_points,
    cast(sum(labelled.effective_score * labelled.effective_score) as decimal(38, 18))
        as quality_points_squared,
    {% endcall %}
),

final as (
    select
        {{ unit_columns('summed') }}
        summed.evaluator_id,
        summed.evaluator_role,
        summed.method,
        evaluators.unit_name as evaluator_name,
        summed.agents,
        summed.evaluations,
        summed.critical_fails,
        summed.quality_points,
        summed.quality_points_squared,
        cast(summed.quality_points as double) / summed.evaluations as quality_score,
        sqrt(
            {{ sample_variance(
                'summed.evaluations', 'summed.quality_points', 'summed.quality_points_squared'
            ) }}
        ) as standard_deviation,
    from summed
    {{ join_unit_names('summed') }}
    left join unit_names as evaluators
        on
            evaluators.level = 'agent'
            and summed.evaluator_id = evaluators.unit_id
)

select * from final
