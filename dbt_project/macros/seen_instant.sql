{# An instant as it is known at `as_of` (of the relation `context`): null where it lies after it. #}
{% macro seen_instant(instant) -%}
    case when {{ instant }} <= context.as_of then {{ instant }} end
{%- endmacro %}
