{# The records of loads in the ledger. DuckDB reads them as the source says; relation: that source. #}
{% macro loads_of_ledger(relation) %}{{ return(adapter.dispatch('loads_of_ledger')(relation)) }}{% endmacro %}

{% macro duckdb__loads_of_ledger(relation) %}{{ return(of_home(relation, none)) }}{% endmacro %}

{% macro spark__loads_of_ledger(relation) %}
    (
        select
            load.load_sequence as sequence,
            load.dataset,
            load.load_id,
            load.status,
            load.file,
            load.file_sha256,
            load.rows_read,
            load.rows_loaded,
            load.rows_rejected,
            load.mapping,
            load.mapping_sha256,
            loaded_at,
        from (
            select
                {{ json_record("get_json_object(value, '$.content')", {
                    'load_sequence': 'bigint', 'dataset': 'varchar', 'load_id': 'varchar',
                    'status': 'varchar', 'file': 'varchar', 'file_sha256': 'varchar',
                    'rows_read': 'bigint', 'rows_loaded': 'bigint', 'rows_rejected': 'bigint',
                    'mapping': 'varchar', 'mapping_sha256': 'varchar',
                }) }} as load,
                cast(get_json_object(value, '$.recorded_at') as timestamptz) as loaded_at,
            from text.`{{ env_var('SCOREHOUSE_HOME', 'demo') }}/records/ledger.ndjson`
            where get_json_object(value, '$.kind') = 'load'
        )
    )
{% endmacro %}
