{# The glob of the recorded closes as a SQL literal, or none where no month has been closed. #}
{% macro recorded_performance_files() %}
    {% if not execute %}{{ return(none) }}{% endif %}
    {% set pattern = "'" ~ env_var('SCOREHOUSE_HOME', 'demo') ~ "/records/performance/*.parquet'" %}
    {% set found = run_query('select count(*) as files from glob(' ~ pattern ~ ')') %}
    {{ return(pattern if found.rows[0][0] > 0 else none) }}
{% endmacro %}
