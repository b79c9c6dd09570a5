{#
  Interactions that are new, gone or changed, went on after the last build, or are of an agent whose profile changed; and
  between which instants they were queued and answered, as they were and as they are.
#}
with

touched as (
    select interaction_id, queued_at, answered_at from {{ changes_of('stg_landing__interactions') }}
    union all
    select interaction_id, queued_at, answered_at
    from {{ ref('ongoing_interactions') }}
    where has_passed
    union all
    select interactions.interaction_id, interactions.queued_at, interactions.answered_at
    from {{ ref('stg_landing__interactions') }} as interactions
    semi join {{ changes_of('int_people__profiles') }} as profiles
        on interactions.agent_id = profiles.agent_id
),

final as (
    select
        interaction_id,
        min(least(queued_at, answered_at)) as from_at,
        max(greatest(queued_at, answered_at)) as to_at,
    from touched
    group by interaction_id
)

select * from final
