{{ changed_keys('stg_landing__csat_surveys', 'survey_id', ['sent_at', 'responded_at']) }}
