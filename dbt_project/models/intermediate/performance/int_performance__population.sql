{# Who has a month: everybody with the role agent employed on any day of it, and anybody else with a figure in it. #}
with

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

agent_months as (
    select * from {{ ref('fct_agent_month') }}
),

recorded as (
    select distinct agent_id, month from {{ ref('stg_records__closed_performance') }}
),

months as (
    select distinct month from {{ ref('dim_date') }}
),

profile_at_month_end as (
    select
        profiles.*,
        months.month,
    from profiles
    inner join months
        on
            profiles.is_known
            and profiles.effective_from <= {{ month_end('months.month') }}
            and profiles.valid_to >= {{ month_end('months.month') }}
),

employed as (
    select agent_id, month
    from profile_at_month_end
    where
        role = 'agent'
        and coalesce(hired_on <= {{ month_end('month') }}, true)
        and coalesce(left_on >= month, true)
),

with_figures as (
    select agent_id, month from agent_months
    union
    select agent_id, month from employed
    union
    -- Whoever has a closed month keeps it: a figure that went away is a restatement too.
    select agent_id, month from recorded
),

final as (
    select
        with_figures.agent_id,
        with_figures.month,
        profiles.name,
        profiles.role,
        profiles.function,
        profiles.site,
        profiles.team_id,
        profiles.skill_level,
    from with_figures
    left join profiles
        on
            with_figures.agent_id = profiles.agent_id
            and {{ month_end('with_figures.month') }} between profiles.valid_from and profiles.valid_to
)

select * from final
