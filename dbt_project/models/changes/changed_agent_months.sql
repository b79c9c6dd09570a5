{#
  Months of an agent in which handled contacts changed, of a profile that changed, or that ended since the build before.
#}
with

build as (
    select * from {{ this_build() }}
    where base_id is not null
),

handled as {{ not_materialized() }} (
    select
        agent_id,
        business_date,
        {{ month_start('business_date') }} as month,
    from {{ ref('int_contacts__handled') }}
),

-- In some time zone a month ends a day before, or after, it does in UTC.
ended as (
    select
        {{ month_start('cast(base_as_of as date) - 2') }} as first_date,
        {{ month_start('cast(as_of as date) + 2') }} - 1 as last_date,
    from build
),

-- Of most days no month ended: then there is nothing to look for.
dates_of_ended_months as (
    select {{ date_of_day_number('numbers.number') }} as business_date
    from (
        select {{ explode_numbers(day_number('first_date'), day_number('last_date')) }} as number
        from ended
    ) as numbers
),

final as (
    select distinct
        agent_id,
        {{ month_start('business_date') }} as month,
    from {{ changes_of('int_contacts__handled') }}
    union
    select handled.agent_id, handled.month
    from handled
    semi join {{ changes_of('int_people__profiles') }} as profiles
        on handled.agent_id = profiles.agent_id
    union
    select handled.agent_id, handled.month
    from handled
    inner join dates_of_ended_months
        on handled.business_date = dates_of_ended_months.business_date
)

select * from final
