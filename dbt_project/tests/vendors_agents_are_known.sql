-- Ids of vendors' systems that are no agent_id: agent_ids has to say whose they are (`scorehouse status` lists them).
{{ config(severity = 'warn', meta = {'dagster': {'ref': {'name': 'stg_landing__agents'}}}) }}
{% for dataset in [
    'status_events', 'shifts', 'interactions', 'tickets', 'qa_evaluations', 'csat_surveys', 'system_usage',
    'compliance_events', 'sales', 'feedback_sessions', 'training_records',
] %}
select distinct
    loads.source,
    happened.agent_id,
from {{ ref('stg_landing__' ~ dataset) }} as happened
inner join {{ ref('stg_records__loads') }} as loads
    on
        happened.load_sequence = loads.sequence
        and loads.source is not null
where
    happened.agent_id is not null
    -- Stands for people who were erased.
    and happened.agent_id != '(erased)'
    and happened.agent_id not in (
        select agents.agent_id from {{ ref('stg_landing__agents') }} as agents
    )
{{ 'union' if not loop.last }}
{% endfor %}
