{# Whether an interaction is a handled contact at `as_of` (of the relation `context`): with an agent, answered and ended. #}
{% macro is_handled(relation) -%}
    coalesce({{ relation }}.agent_id is not null and {{ relation }}.answered_at <= context.as_of and {{ relation }}.ended_at <= context.as_of, false)
{%- endmacro %}

{# Seconds that an answered interaction waited: of an answer before it was queued, none. #}
{% macro wait_seconds(relation) -%}
    greatest({{ epoch_seconds(relation ~ '.answered_at') }} - {{ epoch_seconds(relation ~ '.queued_at') }}, 0)
{%- endmacro %}
