{{ by_change('issues', {'int_contacts__handled': 'issues'}, keeps=true) }}
{#
  First contact resolution: one row per issue, with its first contact.
  An issue goes on while a contact is answered within the window after the latest end before it. The latest end of
  all earlier contacts of that customer and topic serves: those of an earlier issue ended before this one's window.
#}
with

handled as (
    select * from {{ ref('int_contacts__handled') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

chained as (
    select
        *,
        max(ended_at) over before as latest_end_before,
        lead(answered_at) over topic_contacts as next_answered_at,
        max(ended_at) over so_far as latest_end_so_far,
    from handled
    window
        topic_contacts as (
            partition by customer_id, topic order by answered_at, interaction_id
        ),
        before as (
            partition by customer_id, topic
            order by answered_at, interaction_id
            rows between unbounded preceding and 1 preceding
        ),
        so_far as (
            partition by customer_id, topic
            order by answered_at, interaction_id
            rows between unbounded preceding and current row
        )
),

final as (
    select
        chained.interaction_id,
        chained.agent_id,
        chained.business_date,
        chained.channel,
        chained.ended_at + interval '{{ var("fcr_window_days") * 24 }} hours' as matures_at,
        -- Of a contact whose outcome nobody recorded, nobody knows whether it resolved the issue.
        case
            when not coalesce(chained.is_outcome_unknown, false)
                then
                    chained.ended_at + interval '{{ var("fcr_window_days") * 24 }} hours'
                    <= context.as_of
        end as is_eligible,
        coalesce(chained.outcome = 'resolved', false)
        and coalesce(
            chained.next_answered_at
            > chained.latest_end_so_far + interval '{{ var("fcr_window_days") * 24 }} hours',
            true
        ) as is_resolved_at_first_contact,
    from chained
    cross join context
    where
        chained.latest_end_before is null
        or chained.answered_at
        > chained.latest_end_before + interval '{{ var("fcr_window_days") * 24 }} hours'
)

select * from final
