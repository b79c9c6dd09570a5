{{ config(parameters=period_parameters() + unit_filters()) }}

with

-- Who was not named cannot be told from the others.
evaluations as (
    select
        evaluations.agent_id,
        evaluations.business_date,
        evaluations.evaluator_id,
        evaluations.effective_score,
    from {{ mart('fct_qa_evaluation') }} as evaluations
    where
        {{ in_period('evaluations.business_date') }}
        and evaluations.evaluator_id is not null
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

by_agent as (
    select
        labelled.agent_id,
        count(*) as evaluations,
        cast(sum(labelled.effective_score) as decimal(38, 9)) as quality_points,
    from labelled
    group by labelled.agent_id
),

by_pair as (
    select
        labelled.evaluator_id,
        labelled.agent_id,
        count(*) as evaluations,
        cast(sum(labelled.effective_score) as decimal(38, 9)) as quality_points,
    from labelled
    group by labelled.evaluator_id, labelled.agent_id
),

-- An agent whom nobody else evaluated says nothing about the evaluator.
compared as (
    select
        by_pair.*,
        by_agent.evaluations - by_pair.evaluations as other_evaluations,
        case
            when by_agent.evaluations > by_pair.evaluations then by_pair.evaluations
        end as compared_evaluations,
        case
            when by_agent.evaluations > by_pair.evaluations then by_pair.quality_points
        end as compared_points,
        -- A sum of floating-point numbers would depend on the order in which rows come.
        cast(
            by_pair.evaluations
            * cast(by_agent.quality_points - by_pair.quality_points as double)
            / nullif(by_agent.evaluations - by_pair.evaluations, 0)
            as decimal(38, 15)
        ) as expected_points,
    from by_pair
    inner join by_agent
        on by_pair.agent_id = by_agent.agent_id
),

summed as (
    select
        compared.evaluator_id,
        count(*) as agents,
        cast(sum(compared.evaluations) as bigint) as evaluations,
        cast(sum(compared.quality_points) as decimal(38, 9)) as quality_points,
        count(compared.compared_evaluations) as compared_agents,
        cast(coalesce(sum(compared.compared_evaluations), 0) as bigint)
            as compared_evaluations,
        cast(sum(compared.other_evaluations) as bigint) as other_evaluations,
        cast(sum(compared.compared_points) as double) as compared_points,
        cast(sum(compared.expected_points) as double) as expected_points,
    from compared
    group by compared.evaluator_id
),

final as (
    select
        summed.evaluator_id,
        coalesce(unit_names.unit_name, summed.evaluator_id) as evaluator_name,
        summed.agents,
        summed.evaluations,
        summed.quality_points,
        summed.compared_agents,
        summed.compared_evaluations,
        summed.other_evaluations,
        cast(summed.quality_points as double) / summed.evaluations as mean_score,
        summed.compared_points / nullif(summed.compared_evaluations, 0)
            as compared_mean_score,
        summed.expected_points / nullif(summed.compared_evaluations, 0)
            as others_mean_score,
        (summed.compared_points - summed.expected_points)
        / nullif(summed.compared_evaluations, 0) as leniency,
        least(summed.compared_evaluations, summed.other_evaluations)
        < {{ var('small_sample_below') }} as is_small_sample,
    from summed
    left join unit_names
        on
            unit_names.level = 'agent'
            and summed.evaluator_id = unit_names.unit_id
)

select * from final
