{# One row per handled contact: an interaction with an agent, answered and ended by `as_of`. #}
with

dated as (
    {{ with_business_date(ref('stg_landing__interactions'), 'answered_at') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

final as (
    select
        dated.interaction_id,
        dated.agent_id,
        dated.business_date,
        dated.customer_id,
        dated.channel,
        dated.topic,
        dated.answered_at,
        dated.ended_at,
        coalesce(dated.talk_seconds, 0) as talk_seconds,
        coalesce(dated.hold_seconds, 0) as hold_seconds,
        coalesce(dated.acw_seconds, 0) as acw_seconds,
        dated.outcome,
    from dated
    cross join context
    where dated.ended_at <= context.as_of
)

select * from final
