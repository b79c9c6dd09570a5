{#
  Every event that counts is in exactly one agent day: counted straight from staging, and summed over all agent days.
  Where rows were purged, events are left of days that are none; of the others, `facts_sum_to_agent_days` has the facts.
#}
{% set events = [
    ('handled_contacts', 'interactions', 'answered_at <= as_of and ended_at <= as_of'),
    ('resolved_tickets', 'tickets', "resolved_at <= as_of and status in ('resolved', 'closed')"),
    ('evaluations', 'qa_evaluations', 'evaluated_at <= as_of'),
    ('csat_sent', 'csat_surveys', 'sent_at <= as_of'),
    ('csat_responses', 'csat_surveys', 'responded_at <= as_of and score is not null'),
    ('leads', 'sales', 'created_at <= as_of'),
    ('compliance_events', 'compliance_events', 'occurred_at <= as_of'),
] %}
with

counted as (
    {%- for part, dataset, condition in events %}
    select
        '{{ part }}' as part,
        count(*) as events,
    from {{ ref('stg_landing__' ~ dataset) }} as happened
    cross join {{ ref('int_run__context') }}
    where happened.agent_id is not null and {{ condition }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

summed as (
    {%- for part, dataset, condition in events %}
    select
        '{{ part }}' as part,
        coalesce(sum({{ part }}), 0) as events,
    from {{ ref('fct_agent_day') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    part,
    counted.events as counted_events,
    summed.events as summed_events,
from counted
inner join summed using (part)
cross join {{ ref('int_run__context') }} as context
where
    counted.events != summed.events
    and context.kept_from is null
