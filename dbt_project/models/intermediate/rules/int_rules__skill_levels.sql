{#
  The skill levels with the dates they are in force: all rows of one `effective_from`
  are one table of levels.
#}
with

levels as (
    select * from {{ ref('skill_levels') }}
),

tables as (
    select distinct effective_from from levels
),

periods as (
    select
        effective_from,
        coalesce(
            {{ add_days('lead(effective_from) over (order by effective_from)', -1) }},
            date '9999-12-31'
        ) as valid_to,
    from tables
),

final as (
    select
        levels.skill_level,
        levels.minimum_attainment,
        levels.effective_from as valid_from,
        periods.valid_to,
    from levels
    inner join periods
        on levels.effective_from = periods.effective_from
)

select * from final
