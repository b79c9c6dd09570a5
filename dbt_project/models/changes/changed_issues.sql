{#
  Contacts of which it may differ whether they were the first of an issue and resolved it: those that changed in whatever
  way or have matured since, and of the same customer and topic those within the window before and after a change. What
  is farther away decides nothing about them: a contact is a first one if all before it ended longer ago than the window,
  and an issue is over if the next contact after a first one was answered later than the window after its end.

  `from_at` and `to_at`: the contacts that decide it ended no earlier and were answered no later.
#}
{% set window = fcr_window() %}
with

build as (
    select * from {{ this_build() }}
    where base_id is not null
),

handled as {{ not_materialized() }} (
    select interaction_id, customer_id, topic, business_date, answered_at, ended_at
    from {{ ref('int_contacts__handled') }}
),

changed as (
    select interaction_id, customer_id, topic, business_date, answered_at, ended_at
    from {{ changes_of('int_contacts__handled') }}
),

touched as (
    select * from changed
    union all
    select handled.*
    from handled
    semi join changed
        on
            handled.customer_id = changed.customer_id
            and handled.topic is not distinct from changed.topic
            and handled.answered_at <= changed.ended_at + {{ window }}
            and handled.ended_at >= changed.answered_at - {{ window }}
    union all
    select handled.*
    from handled
    semi join {{ ref('changed_interactions') }} as interactions
        on
            handled.interaction_id = interactions.interaction_id
            and handled.answered_at >= interactions.from_at
            and handled.answered_at <= interactions.to_at
    union all
    select handled.*
    from handled
    cross join build
    where
        handled.ended_at > build.base_as_of - {{ window }}
        and handled.ended_at <= build.as_of - {{ window }}
),

final as (
    select
        interaction_id,
        customer_id,
        topic,
        min(business_date) as first_date,
        max(business_date) as last_date,
        min(answered_at) - {{ window }} as from_at,
        max(ended_at) + {{ window }} as to_at,
    from touched
    group by interaction_id, customer_id, topic
)

select * from final
