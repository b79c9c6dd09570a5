{{ by_change('surveys', {'stg_landing__csat_surveys': 'surveys'}) }}
with

surveys as (
    select * from {{ ref('stg_landing__csat_surveys') }}
),

sent as (
    {{ with_business_date(ref('stg_landing__csat_surveys'), 'sent_at') }}
),

responded as (
    {{ with_business_date(ref('stg_landing__csat_surveys'), 'responded_at') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

-- A survey without any instant is kept: nothing says that it lies after `as_of`.
seen as (
    select surveys.*
    from surveys
    cross join context
    where coalesce(least(surveys.sent_at, surveys.responded_at) <= context.as_of, true)
),

dated as (
    select
        seen.survey_id,
        seen.agent_id,
        seen.interaction_id,
        case when responded.score is not null then responded.business_date end
            as business_date,
        sent.sent_at,
        sent.business_date as sent_date,
        responded.responded_at,
        responded.score,
    from seen
    left join sent
        on seen.survey_id = sent.survey_id
    left join responded
        on seen.survey_id = responded.survey_id
),

final as (
    select
        dated.survey_id,
        dated.agent_id,
        dated.business_date,
        profiles.team_id,
        dated.interaction_id,
        dated.sent_at,
        dated.sent_date,
        dated.responded_at,
        dated.score,
        dated.score is not null as is_response,
        dated.score >= 4 as is_satisfied,
    from dated
    left join profiles
        on
            dated.agent_id = profiles.agent_id
            and coalesce(dated.business_date, dated.sent_date)
            between profiles.valid_from and profiles.valid_to
)

select * from final
