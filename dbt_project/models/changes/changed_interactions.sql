{#
  Interactions that are new, gone or changed, went on after the last build, or are of an agent whose profile changed.
#}
with

build as (
    select * from {{ this_build() }}
    where base_id is not null
),

final as (
    select interaction_id from {{ changes_of('stg_landing__interactions') }}
    union
    select interactions.interaction_id
    from {{ ref('stg_landing__interactions') }} as interactions
    cross join build
    where
        {{ passed(['queued_at', 'answered_at', 'ended_at'], 'interactions') }}
        -- At the last build the agent still had it in hand.
        or (
            interactions.answered_at <= build.base_as_of
            and (
                interactions.ended_at is null
                or {{ epoch_seconds('interactions.ended_at') }} + coalesce(interactions.acw_seconds, 0)
                >= {{ epoch_seconds('build.base_as_of') }}
            )
        )
    union
    select interactions.interaction_id
    from {{ ref('stg_landing__interactions') }} as interactions
    semi join {{ changes_of('int_people__profiles') }} as profiles
        on interactions.agent_id = profiles.agent_id
)

select * from final
