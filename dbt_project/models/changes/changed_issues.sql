{# Contacts of the issues (customer and topic) in which a contact changed or one has matured since. #}
with

build as (
    select * from {{ this_build() }} where base_id is not null
),

handled as (
    select * from {{ ref('int_contacts__handled') }}
),

changed as (
    select * from {{ changes_of('int_contacts__handled') }}
),

matured as (
    select first_contacts.interaction_id
    from {{ ref('int_contacts__handled') }} as first_contacts
    cross join build
    where
        first_contacts.ended_at + interval '{{ var("fcr_window_days") * 24 }} hours' > build.base_as_of
        and first_contacts.ended_at + interval '{{ var("fcr_window_days") * 24 }} hours' <= build.as_of
),

issues as (
    select customer_id, topic from changed
    union
    select handled.customer_id, handled.topic
    from handled
    semi join matured
        on handled.interaction_id = matured.interaction_id
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
