{{ config(materialized='landed') }}
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
    ]) }}
),

final as (
    select
        event_id,
        agent_id,
        occurred_at,
        status,
        reason,
        unit,
        updated_at,
        load_id,
        row_number,
        load_sequence,
    from together
)

select * from final
