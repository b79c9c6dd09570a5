{#
  The target of each agent, month and KPI: the mean, over the agent's days with logged-in time, of the target in
  force that day for the team of that day; without such a day, the target at month end.
#}
with

population as (
    select * from {{ ref('int_performance__population') }}
),

agent_days as (
    select * from {{ ref('fct_agent_day') }}
    where logged_in_seconds > 0
),

periods as (
    select * from {{ ref('int_performance__target_periods') }}
),

days as (
    select
        agent_id,
        {{ month_start('business_date') }} as month,
        business_date,
        team_id,
        true as is_worked,
    from agent_days

    union all

    select
        agent_id,
        month,
        {{ month_end('month') }} as business_date,
        team_id,
        false as is_worked,
    from population
),

-- Few distinct (team, date) pairs stand for many agents.
team_dates as (
    select distinct team_id, business_date from days
),

team_date_targets as (
    select
        team_dates.team_id,
        team_dates.business_date,
        periods.* exclude (team_id),
    from team_dates
    inner join periods
        on
            team_dates.business_date between periods.valid_from and periods.valid_to
            and (periods.team_id is null or team_dates.team_id = periods.team_id)
    qualify
        row_number() over (
            partition by team_dates.team_id, team_dates.business_date, periods.kpi
            order by periods.preference
        ) = 1
),

in_force as (
    select
        days.agent_id,
        days.month,
        days.business_date,
        days.is_worked,
        team_date_targets.* exclude (team_id, business_date),
    from days
    inner join team_date_targets
        on
            days.team_id is not distinct from team_date_targets.team_id
            and days.business_date = team_date_targets.business_date
),

final as (
    select
        agent_id,
        month,
        kpi,
        any_value(kpi_name) as kpi_name,
        max_by(direction, business_date) as direction,
        {%- for figure in ['target', 'coaching_threshold', 'critical_threshold'] %}
        round(
            coalesce(
                cast(sum({{ figure }}) filter (where is_worked) as double)
                / nullif(count(*) filter (where is_worked), 0),
                cast(max({{ figure }}) filter (where not is_worked) as double)
            ),
            {{ var('score_digits') }}
        ) as {{ figure }},
        {%- endfor %}
        max(review_due_on) as review_due_on,
    from in_force
    group by agent_id, month, kpi
)

select * from final
