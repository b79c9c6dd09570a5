{# Whether an interaction is a handled contact at `as_of` (of the relation `context`): with an agent, answered and ended. #}
{% macro is_handled(relation) -%}
    coalesce({{ relation }}.agent_id is not null and {{ relation }}.answered_at <= context.as_of and {{ relation }}.ended_at <= context.as_of, false)
{%- endmacro %}

{#
  Signs of which a contact that is in hand at an instant, or was within it, shows one. An engine finds the few rows of each
  without reading all: work after a contact that takes a day is rare.
#}
{% macro signs_of_contacts_in_hand(relation, instant) %}
    {{ return([
        relation ~ '.ended_at > ' ~ instant ~ " - interval '1 day'",
        relation ~ '.ended_at is null',
        relation ~ '.acw_seconds >= 86400',
    ]) }}
{% endmacro %}

{# How long after its end a contact is followed by another one of the same issue. #}
{% macro fcr_window() %}interval '{{ var('fcr_window_days') * 24 }} hours'{% endmacro %}

{# Seconds that an answered interaction waited: of an answer before it was queued, none. #}
{% macro wait_seconds(relation) -%}
    greatest({{ epoch_seconds(relation ~ '.answered_at') }} - {{ epoch_seconds(relation ~ '.queued_at') }}, 0)
{%- endmacro %}
