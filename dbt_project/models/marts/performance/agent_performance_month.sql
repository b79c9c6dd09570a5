with

population as (
    select * from {{ ref('int_performance__population') }}
),

agent_months as (
    select * from {{ ref('fct_agent_month') }}
),

teams as (
    select * from {{ ref('dim_team') }}
),

targets as (
    select * from {{ ref('int_performance__month_targets') }}
    where kpi = 'productivity_score'
),

skill_levels as (
    select * from {{ ref('int_rules__skill_levels') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

fingerprint as (
    select * from {{ ref('int_run__fingerprint') }}
),

collected as (
    select * from {{ ref('int_run__datasets_collected') }}
),

months as (
    select
        population.agent_id,
        population.month,
        population.name,
        population.role,
        population.function,
        population.site,
        population.team_id,
        teams.team_name,
        teams.department,
        teams.team_lead_id,
        teams.supervisor_id,
        teams.department_head_id,
        {%- for part in agent_parts() %}
        -- Null stays null: a month of missed shifts has no lateness. Only who has no day at all has zeros.
        case
            when not collected.{{ part.dataset }} then null
            when parts.agent_id is null then 0
            else parts.{{ part.name }}
        end::{{ part.type }}
            as {{ 'total_resolved_tickets' if part.name == 'resolved_tickets' else part.name }},
        {%- endfor %}
        population.skill_level as previous_skill_level,
    from population
    cross join collected
    left join agent_months as parts
        on
            population.agent_id = parts.agent_id
            and population.month = parts.month
    left join teams
        on population.team_id = teams.team_id
),

with_ratios as (
    select
        *,
        {%- for ratio in agent_ratios() %}
        cast({{ ratio.numerator }} as double) / nullif({{ ratio.denominator }}, 0)
            as {{ 'average_quality_score' if ratio.name == 'quality_score' else ratio.name }},
        {%- endfor %}
    from months
),

scored as (
    select
        *,
        round(
            {{ var('ticket_weight') }} * total_resolved_tickets
            + {{ var('quality_weight') }} * average_quality_score,
            {{ var('score_digits') }}
        ) as productivity_score,
    from with_ratios
),

compared as (
    select
        scored.*,
        case
            when scored.productivity_score is null then 'insufficient_data'
            else 'scored'
        end as score_status,
        targets.target as productivity_target,
        case targets.direction
            when 'lower'
                then round(targets.target - scored.productivity_score, {{ var('score_digits') }})
            else round(scored.productivity_score - targets.target, {{ var('score_digits') }})
        end as productivity_variance,
        case targets.direction
            when 'lower'
                then round(
                    targets.target / nullif(scored.productivity_score, 0), {{ var('score_digits') }}
                )
            else
                round(
                    scored.productivity_score / nullif(targets.target, 0), {{ var('score_digits') }}
                )
        end as productivity_attainment,
        targets.coaching_threshold,
        targets.critical_threshold,
    from scored
    left join targets
        on
            scored.agent_id = targets.agent_id
            and scored.month = targets.month
),

final as (
    select
        compared.*,
        (
            select max_by(skill_levels.skill_level, skill_levels.minimum_attainment)
            from skill_levels
            where
                skill_levels.minimum_attainment <= compared.productivity_attainment
                and {{ month_end('compared.month') }}
                between skill_levels.valid_from and skill_levels.valid_to
        ) as skill_level,
        {{ occupancy_band('compared.occupancy') }} as occupancy_band,
        context.as_of,
        fingerprint.input_fingerprint,
        fingerprint.load_sequence,
    from compared
    cross join context
    cross join fingerprint
)

select * from final
