{# Interactions that went on after the last build. Looked for once, for they may stand anywhere among all. #}
with

build as (
    select * from {{ this_build() }}
    where base_id is not null
),

interactions as (
    select * from {{ ref('stg_landing__interactions') }}
),

final as (
    select
        interactions.interaction_id,
        interactions.agent_id,
        interactions.queued_at,
        interactions.answered_at,
        interactions.ended_at,
        interactions.acw_seconds,
        coalesce({{ passed(['queued_at', 'answered_at', 'ended_at'], 'interactions') }}, false) as has_passed,
        coalesce({{ in_hand('interactions') }}, false) as was_in_hand,
    from interactions
    cross join build
)

select * from final
where has_passed or was_in_hand
