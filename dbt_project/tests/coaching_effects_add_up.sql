-- An effect follows from the means beside it, its interval lies around it, and nobody
-- who had an intervention is lost.
with

effects as (
    select * from {{ ref('fct_coaching_effect') }}
),

sessions as (
    select
        'training' as intervention,
        trainings.agent_id,
        trainings.business_date,
        trainings.kpi,
    from {{ ref('fct_training') }} as trainings

    union all

    select
        'coaching' as intervention,
        feedback.agent_id,
        feedback.business_date,
        feedback.kpi,
    from {{ ref('fct_feedback') }} as feedback
),

known as (
    select distinct
        sessions.intervention,
        sessions.agent_id,
        {{ month_start('sessions.business_date') }} as month,
        names.kpi,
    from sessions
    inner join {{ ref('kpi_names') }} as names
        on sessions.kpi = names.name
),

people as (
    select
        intervention,
        kpi,
        month,
        count(*) as agents,
    from known
    group by intervention, kpi, month
),

subjects as (
    select
        intervention,
        kpi,
        month,
        max(intervened_agents) as most_agents,
        sum(intervened_agents) as all_agents,
    from effects
    group by intervention, kpi, month
)

select
    'figures' as broken,
    intervention,
    kpi,
    month,
from effects
where
    treated_agents > intervened_agents
    or abs(effect - (treated_change - control_change)) > 2e-9
    or abs((ci_low + ci_high) / 2 - effect) > 2e-9
    or abs(abs(treated_change) - abs(treated_after - treated_before)) > 1e-8
    and direction is not null
    or (ci_low is null) != (degrees_of_freedom is null)
    or ci_high - ci_low < 2 * 1.96 * standard_error - 1e-8
    or (conclusion = 'improved') is distinct from coalesce(ci_low > 0, false)
    or (conclusion = 'worsened') is distinct from coalesce(ci_high < 0, false)

union all

-- A month's people are at least those of the largest subject, and at most those of all
-- subjects together.
select
    'people' as broken,
    intervention,
    kpi,
    month,
from people
full join subjects using (intervention, kpi, month)
where
    people.agents is null
    or subjects.most_agents is null
    or people.agents not between subjects.most_agents and subjects.all_agents
