{{ by_change('first_contacts', {'int_contacts__handled': 'contacts_around'}, keeps=true) }}
{#
  First contact resolution: one row per issue, with its first contact.
  An issue goes on while a contact is answered within the window after the latest end before it. The latest end of
  all earlier contacts of that customer and topic serves: those of an earlier issue ended before this one's window.
#}
with

handled as {{ not_materialized() }} (
    select * from {{ ref('int_contacts__handled') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

-- What is alone in its customer's topic needs no order, and most contacts are. Whose number is another topic's by
-- chance is put in order too, alone.
several as (
    select {{ number_of(['customer_id', 'topic']) }} as topic_number
    from handled
    group by {{ number_of(['customer_id', 'topic']) }}
    having count(*) > 1
),

chained as (
    select
        handled.*,
        max(handled.ended_at) over before as latest_end_before,
        lead(handled.answered_at) over topic_contacts as next_answered_at,
        max(handled.ended_at) over so_far as latest_end_so_far,
    from handled
    semi join several
        on {{ number_of(['handled.customer_id', 'handled.topic']) }} = several.topic_number
    window
        topic_contacts as (
            partition by handled.customer_id, handled.topic
            order by handled.answered_at, handled.interaction_id
        ),
        before as (
            partition by handled.customer_id, handled.topic
            order by handled.answered_at, handled.interaction_id
            rows between unbounded preceding and 1 preceding
        ),
        so_far as (
            partition by handled.customer_id, handled.topic
            order by handled.answered_at, handled.interaction_id
            rows between unbounded preceding and current row
        )
    union all
    select
        handled.*,
        cast(null as timestamptz) as latest_end_before,
        cast(null as timestamptz) as next_answered_at,
        handled.ended_at as latest_end_so_far,
    from handled
    anti join several
        on {{ number_of(['handled.customer_id', 'handled.topic']) }} = several.topic_number
),

final as (
    select
        chained.interaction_id,
        chained.agent_id,
        chained.business_date,
        chained.channel,
        chained.queued_at,
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
