{{ config(materialized='landed') }}
{% set columns = [
    'event_id', 'agent_id', 'occurred_at', 'status', 'reason', 'unit', 'updated_at',
    'load_id', 'row_number', 'load_sequence',
] %}
with

latest as {{ not_materialized() }} (
    {{ latest_versions('status_events', ['event_id']) }}
),

together as (
    {{ with_vendors('event_id', [
        'stg_amazon_connect__status_events',
        'stg_asterisk__status_events',
        'stg_genesys_cloud__status_events',
        'stg_zendesk__status_events',
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
