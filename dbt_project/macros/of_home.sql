{#
  A source, read in the home that SCOREHOUSE_HOME names. Sources are rendered when dbt parses: said there, another home
  would be a change of every model behind them, and all would be parsed anew. folder: where its files lie under `raw`.
#}
{% macro of_home(relation, folder) %}
    {%- if execute -%}
        {{- return(adapter.dispatch('of_home')(relation, folder)) -}}
    {%- else -%}
        {{- relation -}}
    {%- endif -%}
{% endmacro %}

{% macro duckdb__of_home(relation, folder) %}
    {{- return((relation | string).replace('<home>', env_var('SCOREHOUSE_HOME', 'demo'))) -}}
{% endmacro %}

{% macro spark__of_home(relation, folder) %}
    {{- return('parquet.`' ~ env_var('SCOREHOUSE_HOME', 'demo') ~ '/raw/' ~ folder ~ '`') -}}
{% endmacro %}
