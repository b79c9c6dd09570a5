{#
  Rows of `relation` that have an agent and an `instant` no later than `as_of`, with the business date of that
  instant: the local date in the time zone of the agent's profile in force then.
  Local time is asked for once per zone and quarter of an hour, not for each row, which takes ten times as long: since
  1972 no zone's date changes but on a quarter of an hour.
#}
{% macro with_business_date(relation, instant) %}
with

placed as {{ not_materialized() }} (
    select
        happened.*,
        profiles.time_zone as time_zone_then,
        {{ epoch_seconds('happened.' ~ instant) }} // 900 as quarter_hour,
    from {{ relation }} as happened
    inner join {{ ref('int_people__profiles') }} as profiles
        on
            happened.agent_id = profiles.agent_id
            and {{ epoch_seconds('happened.' ~ instant) }} >= profiles.begins_seconds
            and {{ epoch_seconds('happened.' ~ instant) }} < profiles.ends_seconds
    cross join {{ ref('int_run__context') }} as context
    where happened.{{ instant }} <= context.as_of
),

quarter_hours as (
    select distinct
        time_zone_then,
        quarter_hour,
    from placed
),

dates as (
    select
        time_zone_then,
        quarter_hour,
        {{ local_date(from_epoch_seconds('quarter_hour * 900'), 'time_zone_then') }} as business_date,
    from quarter_hours
)

select
    placed.* exclude (time_zone_then, quarter_hour),
    dates.business_date,
from placed
-- Every row has its date: this is no inner join, so that no engine begins with it.
left join dates
    on
        placed.time_zone_then = dates.time_zone_then
        and placed.quarter_hour = dates.quarter_hour
{% endmacro %}
