{#
  What dbt needs to build the models on Apache Spark: how a table is made, how a seed is filled, and what is only
  another spelling of the same. What means something else there is in engine.sql, by dispatch.
#}

{#
  The models' SQL as Spark spells it. Nothing here changes what a query means: names of types, trailing commas, signs
  for what both engines have.
#}
{% macro as_spark_spells(sql) %}
    {%- set spelled = namespace(sql=sql | replace('\\', '\\\\')) -%}
    {%- for pattern, by in [
        (',(\\s*(?:--[^\n]*\n\\s*)*)(from|where|union)\\b', '\\1\\2'),
        (',(\\s*\\))', '\\1'),
        (',\\s*$', ''),
        ('(?i)\\bvarchar\\b', 'string'),
        ('(?i)\\btimestamptz\\b', 'timestamp'),
        ('\\bexclude \\(', 'except ('),
        (' // ', ' div '),
        ('\\s+ignore nulls\\s*\\)', ') ignore nulls'),
        ('([a-z_.]+) ->>? (\'[^\']+\')', 'get_json_object(\\1, \\2)'),
        ('\\."([^"\']+)"\'', "[''\\1'']'"),
    ] -%}
        {%- set spelled.sql = modules.re.sub(pattern, by, spelled.sql) -%}
    {%- endfor -%}
    {{- return(spelled.sql) -}}
{% endmacro %}

{# A type, or a structure of types as `json_record` has it, as Spark spells it. #}
{% macro spark_type(structure) %}
    {%- if structure is string -%}
        {{- return(as_spark_spells(structure | lower)) -}}
    {%- elif structure is mapping -%}
        {%- set fields = [] -%}
        {%- for name, type in structure.items() -%}
            {%- do fields.append(name ~ ': ' ~ spark_type(type)) -%}
        {%- endfor -%}
        {{- return('struct<' ~ fields | join(', ') ~ '>') -}}
    {%- else -%}
        {{- return('array<' ~ spark_type(structure[0]) ~ '>') -}}
    {%- endif -%}
{% endmacro %}

{#
  A mart has the columns and types of its contract: Spark would take what the query happens to give.
#}
{% macro spark__create_table_as(temporary, relation, compiled_code, language='sql') -%}
    create table {{ relation }} using parquet as
    {% if config.get('contract').enforced -%}
    select
        {%- for column in model.columns.values() %}
        cast(built.{{ column.name }} as {{ spark_type(column.data_type) }}) as {{ column.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        {{ as_spark_spells(compiled_code) }}
    ) as built
    {%- else -%}
    {{ as_spark_spells(compiled_code) }}
    {%- endif %}
{%- endmacro %}

{% macro spark__create_view_as(relation, sql) -%}
    create or replace view {{ relation }} as
    {{ as_spark_spells(sql) }}
{%- endmacro %}

{# An incremental model is built in full: Spark starts from raw files, in a catalogue that is empty. #}
{% materialization incremental, adapter='spark' %}
    {{ return(materialization_table_spark()) }}
{% endmaterialization %}

{# A function of the published database, which is DuckDB's whoever made the marts. #}
{% materialization table_function, adapter='spark' %}
    {% call noop_statement('main', 'SKIPPED') %}{{ compiled_code }}{% endcall %}
    {{ return({'relations': []}) }}
{% endmaterialization %}

{# A seed is a table of its values; an empty cell is null. #}
{% macro spark__create_csv_table(model, agate_table) %}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- set sql -%}
        create table {{ this.render() }} (
            {%- for column in agate_table.column_names %}
            {{ column }} {{ spark_type(types.get(column, adapter.convert_type(agate_table, loop.index0))) }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        ) using parquet
    {%- endset -%}
    {% call statement('_') %}{{ sql }}{% endcall %}
    {{ return(sql) }}
{% endmacro %}

{% macro spark__load_csv_rows(model, agate_table) %}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- if not agate_table.rows %}{{ return('') }}{% endif -%}
    {%- set sql -%}
        insert into {{ this.render() }} values
        {%- for row in agate_table.rows %}
        (
            {%- for column in agate_table.column_names %}
            {%- set type = spark_type(types.get(column, adapter.convert_type(agate_table, loop.index0))) %}
            {%- set value = row[loop.index0] %}
            {%- if value is none %}cast(null as {{ type }})
            {%- else %}cast('{{ value | string | replace("\\", "\\\\") | replace("'", "''") }}' as {{ type }})
            {%- endif %}
            {{- ', ' if not loop.last }}
            {%- endfor -%}
        ){{ ',' if not loop.last }}
        {%- endfor %}
    {%- endset -%}
    {% do adapter.add_query(sql, abridge_sql_log=True) %}
    {{ return(sql) }}
{% endmacro %}

{#
  DuckDB after Spark: a table is what Spark made of it, in the types of its contract. What DuckDB alone can make
  (functions, views of its own, what a build by change goes by) it makes as ever.
#}
{% macro duckdb__create_table_as(
    temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none
) -%}
    {%- set folder = env_var('SCOREHOUSE_SPARK_TABLES', '') -%}
    {%- set is_made = model.resource_type == 'model' and config.get('materialized') != 'change_set' -%}
    {%- if folder and is_made and not temporary -%}
        {%- set made = "read_parquet('" ~ folder ~ '/' ~ model.schema ~ '.db/' ~ model.alias ~ "/*.parquet')" -%}
        {%- set columns = ['*'] -%}
        {%- if config.get('contract').enforced -%}
            {%- set columns = [] -%}
            {%- for column in model.columns.values() -%}
                {%- do columns.append('cast(' ~ column.name ~ ' as ' ~ column.data_type ~ ') as ' ~ column.name) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- set compiled_code = 'select ' ~ columns | join(', ') ~ ' from ' ~ made -%}
    {%- endif -%}
    {{- dbt.duckdb__create_table_as(
        temporary, relation, compiled_code, language, partitioned_by, sorted_by
    ) -}}
{%- endmacro %}
