{#
  Interactions of which anything that a mart shows may differ: changed themselves, or whether they were first contacts.
#}
with

touched as (
    select interaction_id, from_at, to_at from {{ ref('changed_interactions') }}
    union all
    -- In every time zone a date lies between these instants.
    select
        interaction_id,
        least(queued_at, cast(business_date - 1 as timestamp) at time zone 'UTC') as from_at,
        greatest(queued_at, cast(business_date + 2 as timestamp) at time zone 'UTC') as to_at,
    from {{ changes_of('int_contacts__first_contacts') }}
),

final as (
    select
        interaction_id,
        min(from_at) as from_at,
        max(to_at) as to_at,
    from touched
    group by interaction_id
)

select * from final
