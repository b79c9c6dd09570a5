{{ config(materialized='landed') }}
{% set columns = [
    'evaluation_id', 'agent_id', 'interaction_id', 'evaluator_id', 'evaluated_at',
    'method', 'sampling', 'score', 'script_adherence', 'tone', 'solution_accuracy',
    'critical_fail', 'updated_at', 'load_id', 'row_number', 'load_sequence',
] %}
with

latest as {{ not_materialized() }} (
    {{ latest_versions('qa_evaluations', ['evaluation_id']) }}
),

together as (
    {{ with_vendors('evaluation_id', [
        'stg_amazon_connect__qa_evaluations',
        'stg_genesys_cloud__qa_evaluations',
    ], columns) }}
),

final as (
    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
    from together
)

select * from final
