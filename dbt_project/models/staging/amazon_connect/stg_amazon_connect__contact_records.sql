{{ config(materialized = 'view') }}

{#
  One row per contact, as the record with the highest LastUpdateTimestamp says: the stream delivers a record at least
  once, and again whenever the contact changes. Each leg of a transfer is a contact of its own.
#}
with

records as (
    {{ raw_records('amazon_connect', 'contact_records') }}
),

context as (
    select * from {{ ref('int_run__context') }}
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

final as (
    select
        read.*,
        regexp_extract(read.agent_arn, '[^/]+$') as agent_uuid,
    from read
    cross join context
    where
        read.contact_id is not null
        and (read.updated_at is null or read.updated_at <= context.as_of)
    qualify
        row_number() over (
            partition by read.contact_id
            order by
                read.updated_at desc nulls last,
                read.load_sequence desc,
                read.row_number desc
        ) = 1
)

select * from final
