{# Whether the landed rows of a date are all there: before `kept_from` of the relation `context`, some were purged. #}
{% macro is_whole(date) -%}
    (context.kept_from is null or {{ date }} >= context.kept_from)
{%- endmacro %}
