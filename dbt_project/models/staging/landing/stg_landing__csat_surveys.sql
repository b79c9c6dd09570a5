{{ config(materialized='landed') }}
{% set columns = [
    'survey_id', 'interaction_id', 'agent_id', 'sent_at', 'responded_at', 'score',
    'updated_at', 'load_id', 'row_number', 'load_sequence',
] %}
with

latest as {{ not_materialized() }} (
    {{ latest_versions('csat_surveys', ['survey_id']) }}
),

together as (
    {{ with_vendors('survey_id', ['stg_zendesk__csat_surveys'], columns) }}
),

final as (
    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
    from together
)

select * from final
