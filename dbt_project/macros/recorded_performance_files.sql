{# The recorded closes as a relation, or none where no month has been closed. #}
{% macro recorded_performance_files() %}
    {% if not execute %}{{ return(none) }}{% endif %}
    {{ return(adapter.dispatch('recorded_performance_files')()) }}
{% endmacro %}

{% macro duckdb__recorded_performance_files() %}
    {% set pattern = "'" ~ env_var('SCOREHOUSE_HOME', 'demo') ~ "/records/performance/*.parquet'" %}
    {% set found = run_query('select count(*) as files from glob(' ~ pattern ~ ')') %}
    {% if found.rows[0][0] == 0 %}{{ return(none) }}{% endif %}
    {# In an encrypted home the connection brings a view of them (orchestration/dbt_encryption.py). #}
    {% if target.name == 'encrypted' %}{{ return('memory.main.recorded_performance') }}{% endif %}
    {{ return('read_parquet(' ~ pattern ~ ', union_by_name = true)') }}
{% endmacro %}

{# Spark cannot say which files there are: the ledger knows of every close. #}
{% macro spark__recorded_performance_files() %}
    {% set records = env_var('SCOREHOUSE_HOME', 'demo') ~ '/records/' %}
    {% set found = run_query(
        'select count(*) as closes from text.`' ~ records ~ "ledger.ndjson` where get_json_object(value, '$.kind') = 'close'"
    ) %}
    {% if found.rows[0][0] == 0 %}{{ return(none) }}{% endif %}
    {{ return('parquet.`' ~ records ~ 'performance`') }}
{% endmacro %}
