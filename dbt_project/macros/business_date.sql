{#
  Rows of `relation` that have an agent and an `instant` no later than `as_of`, with the business date of that
  instant: the local date in the time zone of the agent's profile in force then.
#}
{% macro with_business_date(relation, instant) %}
select
    happened.*,
    {{ local_date('happened.' ~ instant, 'profiles.time_zone') }} as business_date,
from {{ relation }} as happened
inner join {{ ref('int_people__profiles') }} as profiles
    on
        happened.agent_id = profiles.agent_id
        and {{ epoch_seconds('happened.' ~ instant) }} >= profiles.begins_seconds
        and {{ epoch_seconds('happened.' ~ instant) }} < profiles.ends_seconds
cross join {{ ref('int_run__context') }} as context
where happened.{{ instant }} <= context.as_of
{% endmacro %}
