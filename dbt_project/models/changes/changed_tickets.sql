{{ changed_keys('stg_landing__tickets', 'ticket_id', ['created_at', 'resolved_at']) }}
