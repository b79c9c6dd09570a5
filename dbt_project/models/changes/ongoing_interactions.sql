{# Interactions that went on after the last build. #}
{% set signs = [
    'interactions.queued_at > build.base_as_of',
    'interactions.answered_at > build.base_as_of',
] + signs_of_contacts_in_hand('interactions', 'build.base_as_of') %}
with

build as (
    select * from {{ this_build() }}
    where base_id is not null
),

interactions as {{ not_materialized() }} (
    select
        interaction_id,
        agent_id,
        queued_at,
        answered_at,
        ended_at,
        acw_seconds,
    from {{ ref('stg_landing__interactions') }}
),

candidates as (
    {%- for sign in signs %}
    {{ 'union' if not loop.first }}
    select interactions.*
    from interactions
    cross join build
    where {{ sign }}
    {%- endfor %}
),

final as (
    select
        candidates.interaction_id,
        candidates.agent_id,
        candidates.queued_at,
        candidates.answered_at,
        candidates.ended_at,
        candidates.acw_seconds,
        coalesce({{ passed(['queued_at', 'answered_at', 'ended_at'], 'candidates') }}, false) as has_passed,
        coalesce({{ in_hand('candidates') }}, false) as was_in_hand,
    from candidates
    cross join build
)

select * from final
where has_passed or was_in_hand
