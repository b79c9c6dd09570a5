{#
  A dataset is collected once any file of it has loaded, be it empty: then its parts are zero, not null. Vendors' exports
  become rows of datasets: see `feeds` in ingestion/sources/entities.py.
#}
{% set feeds = {
    'status_events': [
        'asterisk/queue_log',
        'amazon_connect/agent_events',
        'genesys_cloud/user_details',
        'zendesk/agent_states',
    ],
    'interactions': [
        'asterisk/queue_log',
        'amazon_connect/contact_records',
        'genesys_cloud/conversation_details',
    ],
    'qa_evaluations': [
        'amazon_connect/evaluations',
        'genesys_cloud/evaluations',
        'genesys_cloud/conversation_details',
    ],
    'csat_surveys': ['zendesk/satisfaction_ratings'],
} %}
{#
  A ticket of Zendesk does not say when it was solved: without metrics or audits, what was resolved is unknown, not
  zero.
#}
{% set feeds_together = {
    'tickets': [['zendesk/tickets'], ['zendesk/ticket_metrics', 'zendesk/ticket_audits']],
} %}
{#
  A status of Zendesk says who could get work, never who is working: only contacts, or other statuses, tell them
  apart.
#}
{% set without_active = ['zendesk/agent_states'] %}
with

loads as (
    select * from {{ ref('stg_records__loads') }}
),

final as (
    select
        {%- for dataset in [
            'agents', 'teams', 'kpi_targets', 'status_events', 'shifts', 'interactions', 'tickets',
            'qa_evaluations', 'csat_surveys', 'system_usage', 'compliance_events', 'sales',
            'feedback_sessions', 'training_records',
        ] %}
        coalesce(
            {%- for parts in feeds_together.get(dataset, []) %}
            bool_or(dataset in ('{{ parts | join("', '") }}'))
            {{ 'or' if loop.last else 'and' }}
            {%- endfor %}
            bool_or(dataset in (
                {%- for name in [dataset] + feeds.get(dataset, []) %}
                '{{ name }}'{{ ',' if not loop.last }}
                {%- endfor %}
            )),
            false
        ) as {{ dataset }},
        {%- endfor %}
        coalesce(
            bool_or(dataset in (
                '{{ (['interactions', 'status_events'] + feeds['interactions'] + feeds['status_events'])
                    | reject('in', without_active) | join("', '") }}'
            )),
            false
        ) as tells_active,
    from loads
)

select * from final
