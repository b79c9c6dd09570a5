{#
  Interactions whose handling may differ: those that changed, and those that an agent still had in hand at the last
  build, when it was cut off. Many of a centre may never end, so of these only what came since changes a date.
#}
with

touched as (
    select interaction_id, from_at, to_at from {{ ref('changed_interactions') }}
    union all
    select
        interaction_id,
        least(queued_at, answered_at) as from_at,
        greatest(queued_at, answered_at) as to_at,
    from {{ ref('ongoing_interactions') }}
    where was_in_hand
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
