{#
  When an agent's status is not tracked, because the team of those days has
  `status_tracking` 0. Empty as shipped.
#}
with

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

limits as (
    select * from {{ ref('int_rules__team_limits') }}
    where limit_name = 'status_tracking' and limit_value = 0
),

final as (
    select
        profiles.agent_id,
        greatest(profiles.valid_from, limits.valid_from) as valid_from,
        least(profiles.valid_to, limits.valid_to) as valid_to,
    from profiles
    inner join limits
        on
            profiles.team_id is not distinct from limits.team_id
            and profiles.valid_from <= limits.valid_to
            and profiles.valid_to >= limits.valid_from
)

select * from final
