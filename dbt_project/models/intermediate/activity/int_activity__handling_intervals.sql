{{ by_change('handling', {'stg_landing__interactions': 'handled_or_in_hand'}) }}
{# [answered, ended + after-contact work) of each interaction with an agent, cut at `as_of`; open ones run to it. #}
with

interactions as (
    select * from {{ ref('stg_landing__interactions') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

spans as (
    select
        interactions.interaction_id,
        interactions.agent_id,
        {{ epoch_seconds('interactions.answered_at') }} as starts_seconds,
        case
            when interactions.ended_at <= context.as_of
                then
                    least(
                        {{ epoch_seconds('interactions.ended_at') }}
                        + coalesce(interactions.acw_seconds, 0),
                        context.as_of_seconds
                    )
            else context.as_of_seconds
        end as ends_seconds,
    from interactions
    cross join context
    where
        interactions.agent_id is not null
        and interactions.answered_at <= context.as_of
),

final as (
    select
        interaction_id,
        agent_id,
        starts_seconds,
        ends_seconds,
    from spans
    where ends_seconds > starts_seconds
)

select * from final
