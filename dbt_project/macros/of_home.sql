{#
  A source, read in the home that SCOREHOUSE_HOME names. Sources are rendered when dbt parses: said there, another home
  would be a change of every model behind them, and all would be parsed anew.
#}
{% macro of_home(relation) %}
    {%- if execute -%}
        {{- (relation | string).replace('<home>', env_var('SCOREHOUSE_HOME', 'demo')) -}}
    {%- else -%}
        {{- relation -}}
    {%- endif -%}
{% endmacro %}
