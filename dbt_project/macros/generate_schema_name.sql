{# A layer's schema has the layer's name, in every environment: BI users query `marts`, not `dev_marts`. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name if custom_schema_name else target.schema }}
{%- endmacro %}
