with

interventions as (
    select * from {{ ref('int_coaching__interventions') }}
),

changes as (
    select * from {{ ref('int_coaching__kpi_changes') }}
),

quantiles as (
    select * from {{ ref('student_t_quantiles') }}
),

-- Months in which an agent is no colleague to compare with: the intervention's own,
-- and its neighbours.
exposed as (
    select
        agent_id,
        kpi,
        month,
    from interventions
    union
    select
        agent_id,
        kpi,
        {{ month_start(add_days('month', -1)) }} as month,
    from interventions
    union
    select
        agent_id,
        kpi,
        {{ month_start(add_days(month_end('month'), 1)) }} as month,
    from interventions
),

controls as (
    select changes.*
    from changes
    left join exposed
        on
            changes.agent_id = exposed.agent_id
            and changes.kpi = exposed.kpi
            and changes.month = exposed.month
    where changes.change is not null and exposed.agent_id is null
),

treated as (
    select
        interventions.intervention,
        interventions.subject,
        interventions.kpi,
        interventions.month,
        count(*) as intervened_agents,
        count(changes.change) as treated_agents,
        min(changes.direction) as lowest_direction,
        max(changes.direction) as highest_direction,
        avg(changes.value_before) as treated_before,
        avg(changes.value_after) as treated_after,
        round(avg(changes.change), {{ var('score_digits') }}) as treated_change,
        var_samp(changes.change) / count(changes.change) as treated_variance,
    from interventions
    left join changes
        on
            interventions.agent_id = changes.agent_id
            and interventions.kpi = changes.kpi
            and interventions.month = changes.month
            and changes.change is not null
    group by
        interventions.intervention,
        interventions.subject,
        interventions.kpi,
        interventions.month
),

compared_with as (
    select
        kpi,
        month,
        count(*) as control_agents,
        min(direction) as lowest_direction,
        max(direction) as highest_direction,
        avg(value_before) as control_before,
        avg(value_after) as control_after,
        round(avg(change), {{ var('score_digits') }}) as control_change,
        var_samp(change) / count(*) as control_variance,
    from controls
    group by kpi, month
),

-- Welch (1947): each group has its own variance; the degrees of freedom are
-- Satterthwaite's, floored.
welch as (
    select
        treated.intervention,
        treated.subject,
        treated.kpi,
        treated.month,
        case
            when
                least(treated.lowest_direction, compared_with.lowest_direction)
                = greatest(
                    treated.highest_direction, compared_with.highest_direction
                )
                then coalesce(
                    treated.highest_direction, compared_with.highest_direction
                )
        end as direction,
        treated.intervened_agents,
        treated.treated_agents,
        coalesce(compared_with.control_agents, 0) as control_agents,
        treated.treated_before,
        treated.treated_after,
        treated.treated_change,
        compared_with.control_before,
        compared_with.control_after,
        compared_with.control_change,
        round(
            treated.treated_change - compared_with.control_change,
            {{ var('score_digits') }}
        ) as effect,
        sqrt(treated.treated_variance + compared_with.control_variance)
            as standard_error,
        cast(
            floor(
                round(
                    power(treated.treated_variance + compared_with.control_variance, 2)
                    / nullif(
                        power(treated.treated_variance, 2)
                        / nullif(treated.treated_agents - 1, 0)
                        + power(compared_with.control_variance, 2)
                        / nullif(compared_with.control_agents - 1, 0),
                        0
                    ),
                    {{ var('score_digits') }}
                )
            ) as bigint
        ) as degrees_of_freedom,
    from treated
    left join compared_with
        on
            treated.kpi = compared_with.kpi
            and treated.month = compared_with.month
),

-- The table has no row for every number: the next lower one has the wider interval.
with_quantiles as (
    select
        welch.*,
        (
            select max_by(quantiles.quantile, quantiles.degrees_of_freedom)
            from quantiles
            where quantiles.degrees_of_freedom <= welch.degrees_of_freedom
        ) * welch.standard_error as half_width,
    from welch
),

with_intervals as (
    select
        *,
        round(effect - half_width, {{ var('score_digits') }}) as ci_low,
        round(effect + half_width, {{ var('score_digits') }}) as ci_high,
    from with_quantiles
),

final as (
    select
        intervention,
        subject,
        kpi,
        month,
        direction,
        intervened_agents,
        treated_agents,
        control_agents,
        round(treated_before, {{ var('score_digits') }}) as treated_before,
        round(treated_after, {{ var('score_digits') }}) as treated_after,
        round(control_before, {{ var('score_digits') }}) as control_before,
        round(control_after, {{ var('score_digits') }}) as control_after,
        treated_change,
        control_change,
        effect,
        round(standard_error, {{ var('score_digits') }}) as standard_error,
        degrees_of_freedom,
        ci_low,
        ci_high,
        case
            when treated_agents < 2 or control_agents < 2 then 'too_few'
            when ci_low > 0 then 'improved'
            when ci_high < 0 then 'worsened'
            else 'inconclusive'
        end as conclusion,
    from with_intervals
)

select * from final
