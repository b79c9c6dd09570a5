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

{% set outcomes = {
    'resolved_tickets': 'bigint', 'evaluations': 'bigint', 'quality_points': 'decimal(38, 9)',
    'quality_points_squared': 'decimal(38, 18)', 'csat_sent': 'bigint', 'csat_responses': 'bigint',
    'csat_satisfied': 'bigint', 'csat_points': 'bigint', 'leads': 'bigint', 'engaged_leads': 'bigint',
    'converted_leads': 'bigint', 'compliance_events': 'bigint',
} %}
parts as (
    {%- for relation, condition, counted in [
        ('resolved_tickets', "resolved_tickets.status in ('resolved', 'closed')", {
            'resolved_tickets': 'count(*)',
        }),
        ('scored_evaluations', 'true', {
            'evaluations': 'count(*)',
            'quality_points': 'sum(scored_evaluations.points)',
            'quality_points_squared':
                'sum(cast(scored_evaluations.points as decimal(18, 9)) * cast(scored_evaluations.points as decimal(18, 9)))',
        }),
        ('sent_surveys', 'true', {'csat_sent': 'count(*)'}),
        ('answered_surveys', 'answered_surveys.score is not null', {
            'csat_responses': 'count(*)',
            'csat_satisfied': 'count(*) filter (where answered_surveys.score >= 4)',
            'csat_points': 'sum(answered_surveys.score)',
        }),
        ('created_leads', 'true', {
            'leads': 'count(*)',
            'engaged_leads': 'count(*) filter (where created_leads.engaged_at <= context.as_of)',
            'converted_leads': 'count(*) filter (where created_leads.converted_at <= context.as_of)',
        }),
        ('compliance', 'true', {'compliance_events': 'count(*)'}),
    ] %}
    select
        {{ relation }}.agent_id,
        {{ relation }}.business_date,
        {%- for name, type in outcomes.items() %}
        cast({{ counted.get(name, 'null') }} as {{ type }}) as {{ name }},
        {%- endfor %}
    from {{ relation }}
    cross join context
    where {{ condition }}
    group by {{ relation }}.agent_id, {{ relation }}.business_date
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        agent_id,
        business_date,
        {%- for name in outcomes %}
        sum({{ name }}) as {{ name }},
        {%- endfor %}
    from parts
    group by agent_id, business_date
)

select * from final
