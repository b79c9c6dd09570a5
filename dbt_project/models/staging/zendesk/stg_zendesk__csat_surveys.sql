{{ config(materialized = inlined('ephemeral')) }}

{#
  One row per ticket whose customer was asked, as a survey of the landing contract: a ticket has one rating, however
  many records tell of it. An answer wins over the offer of it, a later answer over an earlier one. `unoffered` says
  that nobody was asked. Good and bad are the two ends of the scale of five.
#}
with

ratings as (
    select * from {{ ref('stg_zendesk__satisfaction_ratings') }}
    where score in ('offered', 'good', 'bad')
),

users as (
    select * from {{ ref('stg_zendesk__users') }}
),

ids as (
    select * from {{ ref('agent_ids') }}
    where source = 'zendesk'
),

by_ticket as (
    select
        *,
        first_value(rating_id) over of_ticket as survey_id,
        min(created_at) over of_ticket as sent_at,
    from ratings
    window of_ticket as (
        partition by coalesce(ticket_id, 'rating ' || rating_id)
        order by created_at nulls last, rating_id
        rows between unbounded preceding and unbounded following
    )
),

counted as (
    select *
    from by_ticket
    qualify
        row_number() over (
            partition by survey_id
            order by
                score in ('good', 'bad') desc,
                updated_at desc nulls last,
                load_sequence desc,
                row_number desc
        ) = 1
),

final as (
    select
        counted.survey_id,
        -- A rating is of a ticket; which contact it is about, nobody recorded.
        cast(null as varchar) as interaction_id,
        {{ zendesk_agent('counted.assignee_id') }} as agent_id,
        counted.sent_at,
        case when counted.score in ('good', 'bad') then counted.updated_at end as responded_at,
        cast(case counted.score when 'good' then 5 when 'bad' then 1 end as bigint) as score,
        counted.updated_at,
        cast(null as varchar) as same_as,
        counted.load_id,
        counted.row_number,
        counted.load_sequence,
    from counted
    {{ join_zendesk_agent('counted.assignee_id') }}
    where counted.assignee_id is not null
)

select * from final
