-- The median agent of a team has a normalised volume of 100, and the literal score
-- beside it is the month's own.
with

scores as (
    select * from {{ ref('agent_normalised_score_month') }}
),

months as (
    select * from {{ ref('agent_performance_month') }}
)

select
    'median' as broken,
    team_id as about,
    month,
from scores
where role = 'agent' and logged_in_seconds > 0 and normalised_volume is not null
group by team_id, month
having abs(median(normalised_volume) - 100) > 1e-6

union all

select
    'score' as broken,
    agent_id as about,
    month,
from scores
full join months using (agent_id, month)
where
    scores.productivity_score is distinct from months.productivity_score
    or scores.normalised_score_status is null
    or (scores.normalised_score is null) != (scores.normalised_score_status != 'scored')
    or abs(
        scores.normalised_score
        - {{ var('ticket_weight') }} * scores.normalised_volume
        - {{ var('quality_weight') }} * months.average_quality_score
    ) > 1e-9
