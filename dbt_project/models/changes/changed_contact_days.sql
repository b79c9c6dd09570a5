{# As `changed_days`, and the dates of contacts of which it differs whether they resolved an issue at first contact. #}
with

dated as (
    select agent_id, first_date, last_date from {{ ref('changed_days') }}
    union
    select agent_id, business_date as first_date, business_date as last_date
    from {{ changes_of('fct_interaction') }}
    where is_handled
),

final as (
    {{ runs_of_dates('dated') }}
)

select * from final
