{# As `changed_contact_days`, and the dates of shifts that changed. #}
with

dated as (
    select agent_id, first_date, last_date from {{ ref('changed_contact_days') }}
    union
    select agent_id, business_date as first_date, business_date as last_date
    from {{ changes_of('int_attendance__shifts') }}
),

final as (
    {{ runs_of_dates('dated') }}
)

select * from final
