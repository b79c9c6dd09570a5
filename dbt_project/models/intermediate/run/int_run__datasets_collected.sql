{# A dataset is collected once any file of it has loaded, be it empty: then its parts are zero, not null. #}
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
        coalesce(bool_or(dataset = '{{ dataset }}'), false) as {{ dataset }},
        {%- endfor %}
    from loads
)

select * from final
