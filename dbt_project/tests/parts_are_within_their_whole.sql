-- What counts a part of something never counts more than the whole of it.
select
    agent_id,
    business_date,
from {{ ref('fct_agent_day') }}
where
    {%- for part, whole in [
        ('off_clock_handling_seconds', 'handling_seconds'),
        ('handling_seconds', 'handling_interval_seconds'),
        ('fcr_contacts', 'fcr_eligible_contacts'),
        ('fcr_eligible_contacts + fcr_pending_contacts', 'handled_contacts'),
        ('transferred_contacts + escalated_contacts', 'handled_contacts'),
        ('csat_satisfied', 'csat_responses'),
        ('quality_points', '100 * evaluations'),
        ('adherent_seconds', 'scheduled_seconds'),
        ('engaged_leads', 'leads'),
        ('converted_leads', 'leads'),
    ] %}
    {{ part }} not between 0 and {{ whole }}{{ ' or' if not loop.last }}
    {%- endfor %}
