{# Contacts of the issues (customer and topic) in which a contact changed or one has matured since. #}
with

build as (
    select * from {{ this_build() }}
    where base_id is not null
),

handled as {{ not_materialized() }} (
    select * from {{ ref('int_contacts__handled') }}
),

changed as (
    select * from {{ changes_of('int_contacts__handled') }}
),

issues as (
    select customer_id, topic from changed
    union
    select handled.customer_id, handled.topic
    from handled
    cross join build
    where
        handled.ended_at > build.base_as_of - interval '{{ var("fcr_window_days") * 24 }} hours'
        and handled.ended_at <= build.as_of - interval '{{ var("fcr_window_days") * 24 }} hours'
),

final as (
    select handled.interaction_id
    from handled
    semi join issues
        on
            handled.customer_id = issues.customer_id
            and handled.topic is not distinct from issues.topic
    union
    select interaction_id from changed
)

select * from final
