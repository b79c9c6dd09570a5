{#
  Interactions of which anything that a mart shows may differ: changed themselves, or whether they were first contacts.
#}
with

final as (
    select interaction_id from {{ ref('changed_interactions') }}
    union
    select interaction_id from {{ changes_of('int_contacts__first_contacts') }}
)

select * from final
