with

clock_evidence as (
    select * from {{ ref('int_compliance__clock_evidence') }}
),

record_evidence as (
    select * from {{ ref('int_compliance__record_evidence') }}
),

finding_rules as (
    select * from {{ ref('finding_rules') }}
    where is_enabled
),

feedback as (
    select * from {{ ref('fct_feedback') }}
    where task_id is not null and is_acknowledged
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

teams as (
    select * from {{ ref('dim_team') }}
),

evidence as (
    select
        finding_rule,
        agent_id,
        business_date,
        subject,
        dataset,
        record_id,
        finding_seconds,
        cast(null as varchar) as detail,
        false as is_settled,
    from clock_evidence
    union all
    select
        finding_rule,
        agent_id,
        business_date,
        subject,
        dataset,
        record_id,
        cast(null as bigint) as finding_seconds,
        detail,
        is_settled,
    from record_evidence
),

findings as (
    select
        substr(
            {{ sha256_hex("concat_ws('|', finding_rule, agent_id, subject)") }}, 1, 32
        ) as finding_id,
        finding_rule,
        agent_id,
        min(business_date) as business_date,
        max(finding_seconds) as finding_seconds,
        max(detail) as detail,
        bool_and(is_settled) as is_settled,
        count(record_id) as evidence_rows,
        {{ json_text(record_list(
            {'dataset': 'dataset', 'record_id': 'record_id'},
            ['dataset', 'record_id'],
            where='record_id is not null',
        )) }} as evidence,
    from evidence
    group by finding_rule, agent_id, subject
),

answered as (
    select distinct task_id from feedback
),

final as (
    select
        findings.finding_id,
        findings.finding_rule,
        finding_rules.severity,
        findings.agent_id,
        findings.business_date,
        profiles.team_id,
        case findings.finding_rule
            when 'off_clock_work'
                then
                    'handled contacts for ' || findings.finding_seconds
                    || ' s while clocked out'
            when 'missing_clock_out'
                then
                    'no event for more than ' || findings.finding_seconds
                    || ' s: the clock-out is missing'
            when 'clock_out_while_handling'
                then
                    'clocked out ' || findings.finding_seconds
                    || ' s before the contact was done'
            when 'blank_reason'
                then 'unavailable without a reason, events: ' || findings.evidence_rows
            when 'inactivity'
                then 'available without a contact for ' || findings.finding_seconds || ' s'
            when 'application_not_allowed'
                then 'used ' || findings.detail || ', which the team may not use'
            when 'skipped_disciplinary_step'
                then findings.detail || ' without the step before it'
            when 'feedback_not_acknowledged'
                then 'feedback not acknowledged within ' || findings.detail || ' days'
            when 'evaluator_not_qa'
                then
                    'evaluated by ' || findings.detail
                    || ', not by a role that may evaluate'
            when 'no_random_sample'
                then 'no evaluation of a random sample in ' || findings.detail
        end as reason,
        findings.finding_seconds,
        findings.evidence_rows,
        findings.evidence,
        finding_rules.owner_role,
        case finding_rules.owner_role
            when 'team_lead' then teams.team_lead_id
            when 'supervisor' then teams.supervisor_id
            when 'department_head' then teams.department_head_id
        end as owner_id,
        case
            when findings.is_settled or answered.task_id is not null then 'resolved'
            else 'open'
        end as status,
    from findings
    inner join finding_rules
        on findings.finding_rule = finding_rules.finding_rule
    left join answered
        on findings.finding_id = answered.task_id
    left join profiles
        on
            findings.agent_id = profiles.agent_id
            and findings.business_date between profiles.valid_from and profiles.valid_to
    left join teams
        on profiles.team_id = teams.team_id
)

select * from final
