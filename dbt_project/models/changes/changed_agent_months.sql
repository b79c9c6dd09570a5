{#
  Months of an agent in which handled contacts changed, of a profile that changed, or that ended since the build before.
#}
with

build as (
    select * from {{ this_build() }}
    where base_id is not null
),

handled_months as (
    select distinct
        agent_id,
        {{ month_start('business_date') }} as month,
    from {{ ref('int_contacts__handled') }}
),

final as (
    select distinct
        agent_id,
        {{ month_start('business_date') }} as month,
    from {{ changes_of('int_contacts__handled') }}
    union
    select handled_months.agent_id, handled_months.month
    from handled_months
    semi join {{ changes_of('int_people__profiles') }} as profiles
        on handled_months.agent_id = profiles.agent_id
    union
    -- In some time zone a month ends a day before, or after, it does in UTC.
    select handled_months.agent_id, handled_months.month
    from handled_months
    cross join build
    where
        {{ month_end('handled_months.month') }} >= cast(build.base_as_of as date) - 2
        and {{ month_end('handled_months.month') }} <= cast(build.as_of as date) + 1
)

select * from final
