{{ config(materialized = inlined('view')) }}

{#
  One row per contact, as the record with the highest LastUpdateTimestamp says: the stream delivers a record at least
  once, and again whenever the contact changes. Each leg of a transfer is a contact of its own.
#}
with

records as (
    {{ raw_records('amazon_connect', 'contact_records') }}
),

read as (
    select
        {%- for name, path in [
            ('contact_id', 'ContactId'), ('initial_contact_id', 'InitialContactId'),
            ('channel', 'Channel'), ('initiation_method', 'InitiationMethod'),
            ('agent_arn', 'Agent.ARN'), ('agent_username', 'Agent.Username'),
            ('queue', 'Queue.Name'), ('queue_arn', 'Queue.ARN'),
            ('customer_address', 'CustomerEndpoint.Address'),
            ('transferred_to', 'TransferredToEndpoint.Address'),
        ] %}
        nullif(payload ->> '$.{{ path }}', '') as {{ name }},
        {%- endfor %}
        {%- for name, path in [
            ('initiated_at', 'InitiationTimestamp'), ('enqueued_at', 'Queue.EnqueueTimestamp'),
            ('connected_to_agent_at', 'Agent.ConnectedToAgentTimestamp'),
            ('acw_started_at', 'Agent.AfterContactWorkStartTimestamp'),
            ('transfer_completed_at', 'TransferCompletedTimestamp'),
            ('disconnected_at', 'DisconnectTimestamp'), ('updated_at', 'LastUpdateTimestamp'),
        ] %}
        try_cast(payload ->> '$.{{ path }}' as timestamptz) as {{ name }},
        {%- endfor %}
        {%- for name, path in [
            ('interaction_seconds', 'AgentInteractionDuration'),
            ('hold_seconds', 'CustomerHoldDuration'),
            ('acw_seconds', 'AfterContactWorkDuration'),
        ] %}
        try_cast(payload ->> '$.Agent.{{ path }}' as bigint) as {{ name }},
        {%- endfor %}
        {%- for name, attribute in var('amazon_connect_attributes').items() %}
        nullif(payload ->> '$.Attributes."{{ attribute }}"', '') as {{ name }}_attribute,
        {%- endfor %}
        load_id,
        row_number,
        load_sequence,
    from records
),

newest as (
    {{ newest_versions('contact_id') }}
),

final as (
    select
        *,
        {{ first_match('agent_arn', '[^/]+$') }} as agent_uuid,
    from newest
)

select * from final
