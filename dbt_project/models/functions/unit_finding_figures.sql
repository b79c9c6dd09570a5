{{ config(parameters=period_parameters() + unit_filters()) }}

with

findings as (
    select
        findings.agent_id,
        findings.business_date,
        findings.finding_rule,
        findings.severity,
        findings.status,
        findings.finding_seconds,
        findings.evidence_rows,
    from {{ mart('fct_compliance_finding') }} as findings
    where {{ in_period('findings.business_date') }}
),

profiled as (
    {{ with_profile('findings') }}
),

labelled as (
    {{ labelled_by_unit('profiled') }}
),

unit_names as (
    {{ unit_names() }}
),

summed as (
    {% call summed_by_unit('labelled', ['finding_rule', 'severity', 'status']) %}
    count(distinct labelled.agent_id) as agents,
    count(*) as findings,
    cast(sum(labelled.finding_seconds) as bigint) as finding_seconds,
    cast(sum(labelled.evidence_rows) as bigint) as evidence_rows,
    {% endcall %}
),

final as (
    select
        {{ unit_columns('summed') }}
        summed.finding_rule,
        summed.severity,
        summed.status,
        summed.agents,
        summed.findings,
        summed.finding_seconds,
        summed.evidence_rows,
    from summed
    {{ join_unit_names('summed') }}
)

select * from final
