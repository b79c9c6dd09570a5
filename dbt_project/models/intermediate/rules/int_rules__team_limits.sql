{#
  Which limit holds for which team and when: the team's own row, else the row for every team, each until the next
  row of its kind. People without a team have periods of their own, with a null team.
#}
with

limits as (
    select * from {{ ref('team_limits') }}
),

teams as (
    select distinct team_id from {{ ref('int_people__profiles') }}
),

applicable as (
    select
        teams.team_id,
        limits.limit_name,
        limits.limit_value,
        limits.effective_from,
        limits.team_id is not null as is_own,
    from limits
    inner join teams
        on limits.team_id is null or limits.team_id = teams.team_id
),

changes as (
    select distinct
        team_id,
        limit_name,
        effective_from as valid_from,
    from applicable
),

in_force as (
    select
        changes.team_id,
        changes.limit_name,
        changes.valid_from,
        applicable.limit_value,
    from changes
    inner join applicable
        on
            changes.team_id is not distinct from applicable.team_id
            and changes.limit_name = applicable.limit_name
            and changes.valid_from >= applicable.effective_from
    qualify
        row_number() over (
            partition by changes.team_id, changes.limit_name, changes.valid_from
            order by applicable.is_own desc, applicable.effective_from desc
        ) = 1
),

final as (
    select
        team_id,
        limit_name,
        valid_from,
        coalesce(
            {{ add_days('lead(valid_from) over team_limit', -1) }}, date '9999-12-31'
        ) as valid_to,
        limit_value,
    from in_force
    window team_limit as (
        partition by team_id, limit_name order by valid_from
    )
)

select * from final
