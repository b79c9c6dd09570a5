{#
  The facts and the agent days are two ways to the same figures: what the facts of an
  agent and date sum to is what the day says. A day of which rows were purged has facts left, and is no agent day.
#}
{# Where a system records no outcomes, the day says nothing, while contacts of other systems do. #}
{% set unknown_in_part = [
    'escalated_contacts', 'fcr_contacts', 'fcr_eligible_contacts', 'fcr_pending_contacts',
] %}
{% set facts = [
    ('fct_interaction', 'business_date', 'is_handled', [
        ('handled_contacts', 'count(*)'), ('talk_seconds', whole_sum('talk_seconds')),
        ('hold_seconds', whole_sum('hold_seconds')), ('acw_seconds', whole_sum('acw_seconds')),
        ('handle_seconds', whole_sum('handle_seconds')),
        ('transferred_contacts', "count(*) filter (where outcome = 'transferred')"),
        ('escalated_contacts', "count(*) filter (where outcome = 'escalated')"),
        ('fcr_contacts', 'count(*) filter (where is_fcr)'),
        ('fcr_eligible_contacts', 'count(*) filter (where is_fcr_eligible)'),
        ('fcr_pending_contacts', 'count(*) filter (where is_first_contact and not is_fcr_eligible)'),
    ]),
    ('fct_ticket', 'business_date', 'is_resolved', [('resolved_tickets', 'count(*)')]),
    ('fct_qa_evaluation', 'business_date', 'true', [
        ('evaluations', 'count(*)'), ('quality_points', 'sum(effective_score)'),
    ]),
    ('fct_csat_response', 'sent_date', 'sent_at is not null', [
        ('csat_sent', 'count(*)'),
    ]),
    ('fct_csat_response', 'business_date', 'is_response', [
        ('csat_responses', 'count(*)'), ('csat_points', 'sum(score)'),
        ('csat_satisfied', 'count(*) filter (where is_satisfied)'),
    ]),
    ('fct_sale', 'business_date', 'true', [
        ('leads', 'count(*)'),
        ('engaged_leads', 'count(*) filter (where is_engaged)'),
        ('converted_leads', 'count(*) filter (where is_converted)'),
    ]),
    ('fct_agent_day_revenue', 'business_date', 'true', [
        ('converted_leads', 'sum(converted_leads)'),
    ]),
    ('fct_compliance_event', 'business_date', 'true', [
        ('compliance_events', 'count(*)'),
    ]),
    ('fct_attendance', 'business_date', 'adherent_seconds is not null', [
        ('scheduled_seconds', 'sum(scheduled_seconds)'),
        ('adherent_seconds', 'sum(adherent_seconds)'),
    ]),
] %}
{% for fact, dated_by, condition, parts in facts %}
select
    '{{ fact }}' as fact,
    agent_id,
    business_date,
from (
    select
        agent_id,
        {{ dated_by }} as business_date,
        {%- for part, sum in parts %}
        {{ sum }} as {{ part }},
        {%- endfor %}
    from {{ ref(fact) }}
    where agent_id is not null and {{ condition }}
    group by agent_id, {{ dated_by }}
) as facts
full join {{ ref('fct_agent_day') }} as days using (agent_id, business_date)
cross join {{ ref('int_run__context') }} as context
where
    {{ is_whole('business_date') }}
    and (
    {%- for part, sum in parts %}
    (
        coalesce(facts.{{ part }}, 0) != coalesce(days.{{ part }}, 0)
        {%- if part in unknown_in_part %}
        and (days.{{ part }} is not null or days.handled_contacts is null)
        {%- endif %}
    )
    {{- ' or' if not loop.last }}
    {%- endfor %}
    )
{{ 'union all' if not loop.last }}
{% endfor %}
