-- Ids of vendors' systems that are no agent_id: agent_ids has to say whose they are (`scorehouse status` lists them).
{{ config(severity = 'warn', meta = {'dagster': {'ref': {'name': 'stg_landing__agents'}}}) }}
{% for dataset in ['status_events', 'interactions', 'tickets', 'qa_evaluations', 'csat_surveys'] %}
select distinct
    loads.dataset,
    happened.agent_id,
from {{ ref('stg_landing__' ~ dataset) }} as happened
inner join {{ ref('stg_records__loads') }} as loads
    on
        happened.load_sequence = loads.sequence
        and loads.dataset like '%/%'
where
    happened.agent_id is not null
    -- Stands for people who were erased.
    and happened.agent_id != '(erased)'
    and happened.agent_id not in (
        select agents.agent_id from {{ ref('stg_landing__agents') }} as agents
    )
{{ 'union' if not loop.last }}
{% endfor %}
