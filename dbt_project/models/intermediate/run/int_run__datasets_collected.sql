{#
  A dataset is collected once any file of it has loaded, be it empty: then its parts are zero, not null. Vendors' exports
  become rows of datasets: see `feeds` in ingestion/sources/entities.py.
#}
{% set feeds = {
    'status_events': ['asterisk/queue_log', 'amazon_connect/agent_events'],
    'interactions': ['asterisk/queue_log', 'amazon_connect/contact_records'],
    'qa_evaluations': ['amazon_connect/evaluations'],
} %}
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
            bool_or(dataset in ('{{ ([dataset] + feeds.get(dataset, [])) | join("', '") }}')), false
        ) as {{ dataset }},
        {%- endfor %}
    from loads
)

select * from final
