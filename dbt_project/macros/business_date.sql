{#
  Rows of `relation` that have an agent and an `instant` no later than `as_of`, with the business date of that
  instant: the local date in the time zone of the agent's profile in force then.
  Local time is asked for once per zone and quarter of an hour, not for each row, which takes ten times as long: since
  1972 no zone's date changes but on a quarter of an hour.
#}
{% macro with_business_date(relation, instant) %}
with

spanned as (
    select
        min({{ epoch_seconds(instant) }} // 900) as first,
        max({{ epoch_seconds(instant) }} // 900) as last,
    from {{ relation }}
),

-- Of all quarter hours in between: so it is known beforehand that they are few.
quarter_hours as (
    select numbers.quarter_hour
    from (select {{ explode_numbers('first', 'last') }} as quarter_hour from spanned) as numbers
    where numbers.quarter_hour in (select {{ epoch_seconds(instant) }} // 900 from {{ relation }})
),

dates as (
    select
        zones.time_zone,
        quarter_hours.quarter_hour,
        {{ local_date(from_epoch_seconds('quarter_hours.quarter_hour * 900'), 'zones.time_zone') }} as business_date,
    from quarter_hours
    cross join (select distinct time_zone from {{ ref('int_people__profiles') }}) as zones
)

select
    happened.*,
    dates.business_date,
from {{ relation }} as happened
inner join {{ ref('int_people__profiles') }} as profiles
    on
        happened.agent_id = profiles.agent_id
        and {{ epoch_seconds('happened.' ~ instant) }} >= profiles.begins_seconds
        and {{ epoch_seconds('happened.' ~ instant) }} < profiles.ends_seconds
-- Every row has its date: this is no inner join, so that no engine begins with it.
left join dates
    on
        profiles.time_zone = dates.time_zone
        and {{ epoch_seconds('happened.' ~ instant) }} // 900 = dates.quarter_hour
-- No join with the context, after which engines take few rows to be left.
where happened.{{ instant }} <= (select context.as_of from {{ ref('int_run__context') }} as context)
{% endmacro %}
