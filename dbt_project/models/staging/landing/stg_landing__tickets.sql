{{ config(materialized='landed') }}
{% set columns = [
    'ticket_id', 'agent_id', 'kind', 'created_at', 'status', 'resolved_at',
    'updated_at', 'load_id', 'row_number', 'load_sequence',
] %}
with

latest as {{ not_materialized() }} (
    {{ latest_versions('tickets', ['ticket_id']) }}
),

together as (
    {{ with_vendors('ticket_id', ['stg_zendesk__landing_tickets'], columns) }}
),

final as (
    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
    from together
)

select * from final
