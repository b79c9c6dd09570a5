-- Solved tickets of a vendor of which nobody exported when they were solved: they count in no month until that is fed.
{{ config(severity = 'warn', meta = {'dagster': {'ref': {'name': 'stg_landing__tickets'}}}) }}
select
    loads.dataset,
    tickets.ticket_id,
    tickets.agent_id,
    tickets.status,
from {{ ref('stg_landing__tickets') }} as tickets
inner join {{ ref('stg_records__loads') }} as loads
    on
        tickets.load_sequence = loads.sequence
        and loads.dataset like '%/%'
where
    tickets.status in ('resolved', 'closed')
    and tickets.resolved_at is null
