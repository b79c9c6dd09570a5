-- Findings and facts are two ways to the same days.
with

enabled as (
    select finding_rule from {{ ref('finding_rules') }}
    where is_enabled
),

expected as (
    select
        'off_clock_work' as finding_rule,
        count(*) as findings,
        coalesce(sum(off_clock_handling_seconds), 0) as seconds,
    from {{ ref('fct_agent_day') }}
    where off_clock_handling_seconds > 0

    union all

    select
        'feedback_not_acknowledged' as finding_rule,
        count(*) as findings,
        0 as seconds,
    from {{ ref('fct_feedback') }} as feedback
    cross join {{ ref('int_run__context') }} as context
    inner join {{ ref('int_people__profiles') }} as profiles
        on
            feedback.agent_id = profiles.agent_id
            and profiles.valid_to = date '9999-12-31'
    inner join {{ ref('int_rules__team_limits') }} as limits
        on
            limits.limit_name = 'feedback_acknowledgement_days'
            and feedback.team_id is not distinct from limits.team_id
            and feedback.business_date between limits.valid_from and limits.valid_to
    where
        coalesce(feedback.days_to_acknowledge, 1000000) > limits.limit_value
        and {{ day_number(local_date('context.as_of', 'profiles.time_zone')) }}
        - {{ day_number('feedback.business_date') }} > limits.limit_value
),

found as (
    select
        finding_rule,
        count(*) as findings,
        coalesce(sum(finding_seconds), 0) as seconds,
    from {{ ref('fct_compliance_finding') }}
    group by finding_rule
)

select
    expected.finding_rule,
    expected.findings,
    found.findings as findings_found,
from expected
inner join enabled
    on expected.finding_rule = enabled.finding_rule
left join found
    on expected.finding_rule = found.finding_rule
where
    coalesce(found.findings, 0) != expected.findings
    or coalesce(found.seconds, 0) != expected.seconds
