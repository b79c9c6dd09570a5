{{ changed_keys('stg_landing__sales', 'lead_id', ['created_at', 'engaged_at', 'converted_at']) }}
