{#
  What the records say against the rules: applications outside the allowed list, skipped disciplinary steps, feedback
  nobody acknowledged in time, evaluations by others than QA, agents without a random evaluation in a month.
#}
with

application_evidence as (
    select * from {{ ref('int_compliance__application_evidence') }}
),

compliance_events as (
    select * from {{ ref('fct_compliance_event') }}
),

steps as (
    select * from {{ ref('disciplinary_steps') }}
),

feedback as (
    select * from {{ ref('fct_feedback') }}
),

acknowledgement_limits as (
    select * from {{ ref('int_rules__team_limits') }}
    where limit_name = 'feedback_acknowledgement_days'
),

evaluations as (
    select * from {{ ref('fct_qa_evaluation') }}
),

evaluator_roles as (
    select * from {{ ref('evaluator_roles') }}
),

agent_months as (
    select * from {{ ref('agent_performance_month') }}
    where role = 'agent' and handled_contacts > 0
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

today as (
    select
        profiles.agent_id,
        {{ local_date('context.as_of', 'profiles.time_zone') }} as local_date,
    from profiles
    cross join context
    where profiles.valid_to = date '9999-12-31'
),

applications_not_allowed as (
    select
        'application_not_allowed' as finding_rule,
        agent_id,
        business_date,
        cast(business_date as varchar) || '|' || application as subject,
        'system_usage' as dataset,
        usage_id as record_id,
        application as detail,
        false as is_settled,
    from application_evidence
),

ladder as (
    select
        compliance_events.event_id,
        compliance_events.agent_id,
        compliance_events.business_date,
        compliance_events.disciplinary_step,
        compliance_events.is_resolved,
        steps.step_rank,
        coalesce(
            max(steps.step_rank) over (
                partition by compliance_events.agent_id
                order by compliance_events.occurred_at, compliance_events.event_id
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as highest_rank_before,
    from compliance_events
    inner join steps
        on compliance_events.disciplinary_step = steps.disciplinary_step
),

skipped_steps as (
    select
        'skipped_disciplinary_step' as finding_rule,
        agent_id,
        business_date,
        event_id as subject,
        'compliance_events' as dataset,
        event_id as record_id,
        disciplinary_step as detail,
        is_resolved as is_settled,
    from ladder
    where step_rank > highest_rank_before + 1
),

late_acknowledgements as (
    select
        'feedback_not_acknowledged' as finding_rule,
        feedback.agent_id,
        feedback.business_date,
        feedback.feedback_id as subject,
        'feedback_sessions' as dataset,
        feedback.feedback_id as record_id,
        cast(acknowledgement_limits.limit_value as varchar) as detail,
        feedback.is_acknowledged as is_settled,
    from feedback
    inner join today
        on feedback.agent_id = today.agent_id
    inner join acknowledgement_limits
        on
            feedback.team_id is not distinct from acknowledgement_limits.team_id
            and feedback.business_date
            between acknowledgement_limits.valid_from and acknowledgement_limits.valid_to
    where
        coalesce(
            feedback.days_to_acknowledge,
            {{ day_number('today.local_date') }} - {{ day_number('feedback.business_date') }}
        ) > acknowledgement_limits.limit_value
),

evaluations_by_others as (
    select
        'evaluator_not_qa' as finding_rule,
        evaluations.agent_id,
        evaluations.business_date,
        evaluations.evaluation_id as subject,
        'qa_evaluations' as dataset,
        evaluations.evaluation_id as record_id,
        coalesce(evaluations.evaluator_role, 'nobody known') as detail,
        false as is_settled,
    from evaluations
    left join evaluator_roles
        on
            evaluations.evaluator_role = evaluator_roles.role
            and evaluations.business_date >= evaluator_roles.effective_from
    where evaluations.evaluator_id is not null and evaluator_roles.role is null
),

evaluated_months as (
    select
        agent_id,
        {{ month_start('business_date') }} as month,
        bool_or(coalesce(is_random, false)) as has_random,
    from evaluations
    group by agent_id, {{ month_start('business_date') }}
),

-- A centre that never says how evaluations were chosen is not asked for random ones.
sampling_is_fed as (
    select coalesce(bool_or(sampling is not null), false) as is_fed
    from evaluations
),

months_without_sample as (
    select
        'no_random_sample' as finding_rule,
        agent_months.agent_id,
        {{ month_end('agent_months.month') }} as business_date,
        cast(agent_months.month as varchar) as subject,
        'qa_evaluations' as dataset,
        evaluations.evaluation_id as record_id,
        {{ month_text('agent_months.month') }} as detail,
        false as is_settled,
    from agent_months
    cross join sampling_is_fed
    inner join today
        on agent_months.agent_id = today.agent_id
    left join evaluated_months
        on
            agent_months.agent_id = evaluated_months.agent_id
            and agent_months.month = evaluated_months.month
    left join evaluations
        on
            agent_months.agent_id = evaluations.agent_id
            and agent_months.month = {{ month_start('evaluations.business_date') }}
    where
        sampling_is_fed.is_fed
        and not coalesce(evaluated_months.has_random, false)
        and {{ month_end('agent_months.month') }} < today.local_date
),

final as (
    select * from applications_not_allowed
    union all
    select * from skipped_steps
    union all
    select * from late_acknowledgements
    union all
    select * from evaluations_by_others
    union all
    select * from months_without_sample
)

select * from final
