{#
  Interactions whose handling may differ: those that changed, and those that an agent still had in hand at the last
  build, when it was cut off. Many of a centre may never end, so of these only what came since changes a date.
#}
with

build as (
    select * from {{ this_build() }}
    where base_id is not null
),

touched as (
    select interaction_id, from_at, to_at from {{ ref('changed_interactions') }}
    union all
    select
        interactions.interaction_id,
        least(interactions.queued_at, interactions.answered_at) as from_at,
        greatest(interactions.queued_at, interactions.answered_at) as to_at,
    from {{ ref('stg_landing__interactions') }} as interactions
    cross join build
    where {{ in_hand('interactions') }}
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
