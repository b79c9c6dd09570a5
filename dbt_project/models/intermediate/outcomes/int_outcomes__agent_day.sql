{{ by_change('days', {
    'stg_landing__tickets': ['resolved_at'],
    'stg_landing__qa_evaluations': ['evaluated_at'],
    'stg_landing__csat_surveys': ['sent_at', 'responded_at'],
    'stg_landing__sales': ['created_at'],
    'stg_landing__compliance_events': ['occurred_at'],
}) }}
{# What came of the work, by agent and business date: tickets, evaluations, surveys, leads, compliance events. #}
with

context as (
    select * from {{ ref('int_run__context') }}
),

resolved_tickets as (
    {{ with_business_date(ref('stg_landing__tickets'), 'resolved_at') }}
),

evaluations as (
    {{ with_business_date(ref('stg_landing__qa_evaluations'), 'evaluated_at') }}
),

sent_surveys as (
    {{ with_business_date(ref('stg_landing__csat_surveys'), 'sent_at') }}
),

answered_surveys as (
    {{ with_business_date(ref('stg_landing__csat_surveys'), 'responded_at') }}
),

created_leads as (
    {{ with_business_date(ref('stg_landing__sales'), 'created_at') }}
),

compliance as (
    {{ with_business_date(ref('stg_landing__compliance_events'), 'occurred_at') }}
),

-- A critical fail scores 0, whatever the sheet says (metrics.md, average_quality_score).
scored_evaluations as (
    select
        agent_id,
        business_date,
        case when critical_fail then 0 else score end as points,
    from evaluations
),

parts as (
    select
        agent_id,
        business_date,
        count(*) as resolved_tickets,
    from resolved_tickets
    where status in ('resolved', 'closed')
    group by agent_id, business_date

    union all by name

    select
        agent_id,
        business_date,
        count(*) as evaluations,
        cast(sum(points) as decimal(38, 9)) as quality_points,
        cast(sum(cast(points as decimal(18, 9)) * cast(points as decimal(18, 9))) as decimal(38, 18))
            as quality_points_squared,
    from scored_evaluations
    group by agent_id, business_date

    union all by name

    select
        agent_id,
        business_date,
        count(*) as csat_sent,
    from sent_surveys
    group by agent_id, business_date

    union all by name

    select
        agent_id,
        business_date,
        count(*) as csat_responses,
        count(*) filter (where score >= 4) as csat_satisfied,
        cast(sum(score) as bigint) as csat_points,
    from answered_surveys
    where score is not null
    group by agent_id, business_date

    union all by name

    select
        created_leads.agent_id,
        created_leads.business_date,
        count(*) as leads,
        count(*) filter (where created_leads.engaged_at <= context.as_of) as engaged_leads,
        count(*) filter (where created_leads.converted_at <= context.as_of) as converted_leads,
    from created_leads
    cross join context
    group by created_leads.agent_id, created_leads.business_date

    union all by name

    select
        agent_id,
        business_date,
        count(*) as compliance_events,
    from compliance
    group by agent_id, business_date
),

final as (
    select
        agent_id,
        business_date,
        {%- for name in [
            'resolved_tickets', 'evaluations', 'quality_points', 'quality_points_squared', 'csat_sent',
            'csat_responses', 'csat_satisfied', 'csat_points', 'leads', 'engaged_leads',
            'converted_leads', 'compliance_events',
        ] %}
        sum({{ name }}) as {{ name }},
        {%- endfor %}
    from parts
    group by agent_id, business_date
)

select * from final
