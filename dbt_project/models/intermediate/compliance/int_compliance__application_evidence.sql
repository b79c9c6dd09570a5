{{ by_change('days', {'stg_landing__system_usage': ['started_at']}) }}
{# Uses of an application that the team of that day may not use. #}
with

usage as (
    {{ with_business_date(ref('stg_landing__system_usage'), 'started_at') }}
),

allowed as (
    select * from {{ ref('allowed_applications') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

uses as (
    select
        usage.usage_id,
        usage.agent_id,
        usage.business_date,
        usage.application,
        profiles.team_id,
    from usage
    inner join profiles
        on
            usage.agent_id = profiles.agent_id
            and usage.business_date between profiles.valid_from and profiles.valid_to
),

-- A team's own list, else the list for every team; without either nothing is restricted.
listed_teams as (
    select
        teams.team_id,
        coalesce(bool_or(allowed.team_id is not null), false) as has_own_list,
        count(allowed.application) > 0 as is_restricted,
    from (select distinct team_id from uses) as teams
    left join allowed
        on allowed.team_id is null or teams.team_id = allowed.team_id
    group by teams.team_id
),

final as (
    select
        uses.usage_id,
        uses.agent_id,
        uses.business_date,
        uses.application,
    from uses
    inner join listed_teams
        on uses.team_id is not distinct from listed_teams.team_id
    left join allowed
        on
            uses.application = allowed.application
            and (
                uses.team_id = allowed.team_id
                or (allowed.team_id is null and not listed_teams.has_own_list)
            )
            and uses.business_date between allowed.effective_from
            and coalesce(allowed.effective_to, date '9999-12-31')
    where listed_teams.is_restricted and allowed.application is null
)

select * from final
