{{ config(materialized='landed') }}
{% set columns = [
    'interaction_id', 'agent_id', 'customer_id', 'channel', 'direction', 'queue',
    'topic', 'case_id', 'queued_at', 'answered_at', 'ended_at', 'talk_seconds',
    'hold_seconds', 'acw_seconds', 'outcome', 'transferred_to', 'updated_at', 'load_id',
    'row_number', 'load_sequence',
] %}
with

latest as {{ not_materialized() }} (
    {{ latest_versions('interactions', ['interaction_id']) }}
),

together as (
    {{ with_vendors('interaction_id', [
        'stg_amazon_connect__interactions',
        'stg_asterisk__interactions',
        'stg_genesys_cloud__interactions',
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
