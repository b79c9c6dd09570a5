{# Who has a month: everybody with the role agent employed on any day of it, and anybody else with a figure in it. #}
with

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

context as (
    select * from {{ ref('int_run__context') }}
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

-- A first profile is known to hold from the day of hiring on, should that be earlier than its own date.
agent_profiles as (
    select
        agent_id,
        greatest(
            case
                when valid_from < effective_from
                    then least(effective_from, coalesce(hired_on, effective_from))
                else effective_from
            end,
            coalesce(hired_on, date '1900-01-01')
        ) as first_date,
        least(valid_to, coalesce(left_on, valid_to)) as last_date,
    from profiles
    where is_known and role = 'agent'
),

employed as (
    select distinct
        agent_profiles.agent_id,
        months.month,
    from months
    inner join agent_profiles
        on
            agent_profiles.first_date <= agent_profiles.last_date
            and agent_profiles.first_date <= {{ month_end('months.month') }}
            and months.month <= agent_profiles.last_date
),

with_figures as (
    select agent_id, month from agent_months
    union
    select agent_id, month from employed
    union
    -- Whoever has a closed month keeps it: a figure that went away is a restatement too, unless its rows were purged.
    select agent_id, month from recorded
),

final as (
    select
        with_figures.agent_id,
        with_figures.month,
        profiles.name,
        case when employed.agent_id is not null then 'agent' else profiles.role end as role,
        profiles.function,
        profiles.site,
        profiles.team_id,
        profiles.skill_level,
    from with_figures
    cross join context
    left join profiles
        on
            with_figures.agent_id = profiles.agent_id
            and {{ month_end('with_figures.month') }} between profiles.valid_from and profiles.valid_to
    left join employed
        on
            with_figures.agent_id = employed.agent_id
            and with_figures.month = employed.month
    where {{ is_whole('with_figures.month') }}
)

select * from final
