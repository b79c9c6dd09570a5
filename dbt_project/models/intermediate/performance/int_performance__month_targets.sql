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

-- A period of a target ends where the next begins: between two of these dates nothing changes for any team.
boundaries as (
    select distinct valid_from as begins_on from periods
),

date_stretches as (
    select
        dates.business_date,
        max(boundaries.begins_on) as begins_on,
    from (select distinct business_date from days) as dates
    inner join boundaries
        on dates.business_date >= boundaries.begins_on
    group by dates.business_date
),

-- A month of an agent is a stretch or two instead of as many days.
agent_stretches as (
    select
        days.agent_id,
        days.month,
        days.team_id,
        days.is_worked,
        date_stretches.begins_on,
        cast(count(*) as integer) as days,
        max(days.business_date) as last_date,
    from days
    inner join date_stretches
        on days.business_date = date_stretches.business_date
    group by days.agent_id, days.month, days.team_id, days.is_worked, date_stretches.begins_on
),

team_stretches as (
    select distinct team_id, begins_on from agent_stretches
),

team_targets as (
    select
        team_stretches.team_id,
        team_stretches.begins_on,
        periods.* exclude (team_id),
    from team_stretches
    inner join periods
        on
            team_stretches.begins_on between periods.valid_from and periods.valid_to
            and (periods.team_id is null or team_stretches.team_id = periods.team_id)
    qualify
        row_number() over (
            partition by team_stretches.team_id, team_stretches.begins_on, periods.kpi
            order by periods.preference
        ) = 1
),

in_force as (
    select
        agent_stretches.agent_id,
        agent_stretches.month,
        agent_stretches.is_worked,
        agent_stretches.days,
        agent_stretches.last_date,
        team_targets.* exclude (team_id, begins_on),
    from agent_stretches
    inner join team_targets
        on
            agent_stretches.team_id is not distinct from team_targets.team_id
            and agent_stretches.begins_on = team_targets.begins_on
),

final as (
    select
        agent_id,
        month,
        kpi,
        any_value(kpi_name) as kpi_name,
        max_by(direction, last_date) as direction,
        {%- for figure in ['target', 'coaching_threshold', 'critical_threshold'] %}
        round(
            coalesce(
                cast(sum({{ figure }} * days) filter (where is_worked) as double)
                / nullif(sum(days) filter (where is_worked), 0),
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
