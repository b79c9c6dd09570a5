{#
  Models that are made anew only where something changed.

  `by_change` in a model says which of its rows a change can reach (`redo`) and which rows of what it reads those are
  made from (`reads`; what is not named there is read whole). The model's own SQL knows nothing of it: a build by change
  runs the same statement over fewer rows, so that both ways of building have one definition and one fingerprint.

  Every such table remembers the build that it is of. A build goes by change only if all of them are of the build
  before it and nothing stands against it (`reasons_against`); else everything is made anew. So a run that was cut off,
  or a model built on its own, is repaired by the next build.

  Each rule names a relation of changes and how its rows (`changed`) meet those of a table (`here`): all conditions of a
  list, each a column, an operator and what it is compared with.
#}
{% macro change_rules() %}
    {% set same_agent = 'here.agent_id = changed.agent_id' %}
    {% set dates = ['here.business_date >= changed.first_date', 'here.business_date <= changed.last_date'] %}
    {% set date_within = [same_agent] + dates %}
    {% set overlapping = [same_agent, 'here.starts_seconds < changed.to_seconds', 'here.ends_seconds > changed.from_seconds'] %}
    {% set same_interaction = ['here.interaction_id = changed.interaction_id'] %}
    {% set queued = ['here.queued_at >= changed.from_at', 'here.queued_at <= changed.to_at'] %}
    {% set answered = ['here.answered_at >= changed.from_at', 'here.answered_at <= changed.to_at'] %}
    {{ return({
        'timeline': {
            'relation': 'changed_timeline_spans',
            'on': [
                same_agent,
                'here.starts_seconds >= changed.from_seconds',
                'here.starts_seconds < changed.to_seconds',
            ],
        },
        'events_of_timeline': {
            'relation': 'changed_timeline_spans',
            'on': [
                same_agent,
                'here.occurred_at >= to_timestamp(changed.from_seconds)',
                'here.occurred_at < to_timestamp(changed.to_seconds + 1)',
            ],
        },
        'days': {'relation': 'changed_days', 'on': date_within},
        'overlapping_days': {'relation': 'changed_days', 'on': overlapping},
        'contact_days': {'relation': 'changed_contact_days', 'on': date_within},
        'fact_days': {'relation': 'changed_fact_days', 'on': date_within},
        'fact_weeks': {
            'relation': 'changed_fact_days',
            'on': [
                same_agent,
                'here.week_start_date >= changed.first_date - 6',
                'here.week_start_date <= changed.last_date',
            ],
        },
        'days_of_fact_weeks': {
            'relation': 'changed_fact_days',
            'on': [
                same_agent,
                'here.business_date >= changed.first_date - 6',
                'here.business_date <= changed.last_date + 6',
            ],
        },
        'stretches': {'relation': 'changed_stretches', 'on': date_within},
        'overlapping_stretches': {'relation': 'changed_stretches', 'on': overlapping},
        'events_of_stretches': {
            'relation': 'changed_stretches',
            'on': [same_agent, 'here.occurred_at >= changed.from_at', 'here.occurred_at <= changed.to_at'],
        },
        'shifts': {
            'relation': 'changed_shifts',
            'on': [same_agent, 'here.shift_id = changed.shift_id'],
        },
        'overlapping_shifts': {'relation': 'changed_shifts', 'on': overlapping},
        'until_clock_out': {
            'relation': 'changed_shifts',
            'on': [
                same_agent,
                'here.starts_seconds >= changed.from_seconds',
                'here.starts_seconds < changed.until_seconds',
            ],
        },
        'interactions': {'relation': 'changed_interactions', 'on': same_interaction + queued},
        'handled_interactions': {'relation': 'changed_interactions', 'on': same_interaction + answered},
        'handled_or_in_hand': {'relation': 'changed_handling', 'on': same_interaction + queued},
        'handling': {
            'relation': 'changed_handling',
            'on': same_interaction + [
                'here.starts_seconds >= ' ~ epoch_seconds('changed.from_at'),
                'here.starts_seconds <= ' ~ epoch_seconds('changed.to_at'),
            ],
        },
        'contacts_around': {
            'relation': 'changed_issues',
            'on': [
                'here.customer_id = changed.customer_id',
                'here.topic is not distinct from changed.topic',
                'here.ended_at >= changed.from_at',
                'here.answered_at <= changed.to_at',
            ],
        },
        'contacts': {'relation': 'changed_contacts', 'on': same_interaction + dates},
        'queue_days': {
            'relation': 'changed_queue_days',
            'on': [
                'here.queue is not distinct from changed.queue',
                'here.channel = changed.channel',
                'here.business_date = changed.business_date',
            ],
        },
        'agent_months': {
            'relation': 'changed_agent_months',
            'on': [same_agent, 'here.month = changed.month'],
        },
        'days_of_months': {
            'relation': 'changed_agent_months',
            'on': [
                same_agent,
                'here.business_date >= changed.month',
                "here.business_date < changed.month + interval '1 month'",
            ],
        },
        'evaluations': {'relation': 'changed_evaluations', 'on': ['here.evaluation_id = changed.evaluation_id']},
        'months': {
            'relation': 'changed_months',
            'on': ['here.month >= changed.first_month', 'here.month <= changed.last_month'],
        },
        'days_of_all_agents': {
            'relation': 'changed_months',
            'on': [
                'here.business_date >= changed.first_month',
                "here.business_date < changed.last_month + interval '1 month'",
            ],
        },
        'sales': {'relation': 'changed_sales', 'on': ['here.lead_id = changed.lead_id']},
        'tickets': {'relation': 'changed_tickets', 'on': ['here.ticket_id = changed.ticket_id']},
        'surveys': {'relation': 'changed_surveys', 'on': ['here.survey_id = changed.survey_id']},
    }) }}
{% endmacro %}

{#
  The rule for rows of changed days by when something happened: the name of a column, or of several. Of several, all rows
  between whose first and last instant a changed day lies: more than needed, but no `or`, for which each row would be
  compared with each change.
#}
{% macro at_instants(columns) %}
    {%- set named = 'here.' ~ columns | join(', here.') -%}
    {%- set first = 'least(' ~ named ~ ')' if columns | length > 1 else named -%}
    {%- set last = 'greatest(' ~ named ~ ')' if columns | length > 1 else named -%}
    {{ return({
        'relation': 'changed_days',
        'on': ['here.agent_id = changed.agent_id', first ~ ' <= changed.to_at', last ~ ' >= changed.from_at'],
    }) }}
{% endmacro %}

{#
  Called at the top of a model. `redo`: a rule's name. `reads`: model name to rule's name, or to columns of `at_instants`.
  `keeps`: whether other models ask for its changes (`changes_of`).
#}
{% macro by_change(redo, reads={}, keeps=false) %}
    {%- if not execute -%}
        {%- set rules = change_rules() -%}
        {%- set chosen = {} -%}
        {%- for name, rule in reads.items() -%}
            {%- do chosen.update({name: rules[rule] or at_instants(rule)}) -%}
            {%- do ref(chosen[name].relation) -%}
        {%- endfor -%}
        {%- do ref(rules[redo].relation) -%}
        {%- do ref('int_run__context') -%}
        {%- if model.fqn[1] == 'intermediate' -%}
            {#- The schema of calculations goes after each run. -#}
            {{- config(schema='kept') -}}
        {%- endif -%}
        {{- config(materialized='by_change', meta={'by_change': {'redo': rules[redo], 'reads': chosen, 'keeps': keeps}}) -}}
    {%- endif -%}
{% endmacro %}

{# The build that runs, and the one that it goes by: a single row. #}
{% macro this_build() -%}
    (select * from changes.builds order by number desc limit 1)
{%- endmacro %}

{# The rows of a model that the build changed: as they were (`is_new` false) and as they are. #}
{% macro changes_of(model) -%}
    {%- if not execute %}{% do ref(model) %}{% endif -%}
    changes.{{ model }}
{%- endmacro %}

{# The rows of a table or select that a rule reaches: all columns, or `what`. #}
{% macro reached(relation, rule, what='here.*') -%}
    select {{ what }}
    from {{ relation }} as here
    semi join {{ ref(rule.relation) }} as changed on {{ rule.on | join(' and ') }}
{%- endmacro %}

{#
  What is true of each row that a rule reaches, by the first and the last of all changes alone: conditions that compare
  with constants. Stretches of rows of which one is not true are not read, where it is about a column as it is
  (`by_columns`: all are).
#}
{% macro bounds_of(rule) -%}
    {%- set bounds, columns, within = [], [], [] -%}
    {%- for condition in rule.on -%}
        {%- set same_date = modules.re.fullmatch('(here[.]business_date|here[.]month) = (.+)', condition) -%}
        {%- set compared = modules.re.match('(.+?) ([<>]=?) (.+)', condition) -%}
        {%- if same_date -%}
            {%- do columns.append(true) -%}
            {%- do bounds.append((same_date.group(1) ~ ' >=', 'min(' ~ same_date.group(2) ~ ')')) -%}
            {%- do bounds.append((same_date.group(1) ~ ' <=', 'max(' ~ same_date.group(2) ~ ')')) -%}
        {%- elif compared -%}
            {%- do columns.append(modules.re.fullmatch('here[.]\\w+', compared.group(1))) -%}
            {%- set farthest = 'min' if compared.group(2).startswith('>') else 'max' -%}
            {%- do bounds.append((compared.group(1) ~ ' ' ~ compared.group(2), farthest ~ '(' ~ compared.group(3) ~ ')')) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if bounds -%}
        {%- set found = run_query(
            'select cast(' ~ bounds | map('last') | join(' as varchar), cast(') ~ ' as varchar) from '
            ~ ref(rule.relation) ~ ' as changed'
        ).rows[0] -%}
        {%- for compared, _ in bounds -%}
            {%- do within.append(compared ~ ' ' ~ (dbt.string_literal(found[loop.index0]) if found[loop.index0] else 'null')) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return({'within': within or ['true'], 'by_columns': columns and none not in columns}) }}
{%- endmacro %}

{#
  The same as `reached` of a large table, most of whose rows are not asked for one by one, and most of whose columns are
  not read. By a rule that is not about columns as they are, places are found by the columns of the rule alone.
#}
{% macro reached_in_table(table, rule, bounds, what='here.*') -%}
    {%- set found = reached(table, rule, what if bounds.by_columns else 'here.rowid') ~ ' where ' ~ bounds.within | join(' and ') -%}
    {{ found if bounds.by_columns else 'select ' ~ what ~ ' from ' ~ table ~ ' as here where here.rowid in (' ~ found ~ ')' }}
{%- endmacro %}

{# Before a run: where builds and changes are remembered. #}
{% macro prepare_changes() %}{{ return(adapter.dispatch('prepare_changes')()) }}{% endmacro %}

{% macro default__prepare_changes() %}{% endmacro %}

{% macro duckdb__prepare_changes() %}
    create schema if not exists changes;
    create table if not exists changes.builds (
        number bigint, build_id varchar, base_id varchar, base_as_of timestamptz, base_load_sequence bigint,
        whole_because varchar, as_of timestamptz, kept_from date, load_sequence bigint, inputs varchar,
        collected varchar, definitions varchar
    );
    create table if not exists changes.built (model varchar, build_id varchar, latest_version timestamptz);
{% endmacro %}

{# What one table, and all after it, may go by: the id of the build before, or none. #}
{% macro base_of(relation) %}
    {%- set found = run_query(
        "select base_id from changes.builds where build_id = '" ~ invocation_id ~ "'"
        " and base_id in (select build_id from changes.built where model = '" ~ relation.identifier ~ "')"
    ) -%}
    {{ return(found.rows[0][0] if found.rows and load_cached_relation(relation) else none) }}
{% endmacro %}

{# Say that a table is of this build. `latest_version`: of a landed dataset, the latest `updated_at` in its files. #}
{% macro mark_as_built(model_name, latest_version='null') -%}
    insert into changes.built
    values ('{{ model_name }}', '{{ invocation_id }}', cast({{ latest_version }} as timestamptz));
{%- endmacro %}

{# `changes.<model>`: rows of `before` and `after` that differ in more than where they stand in a file. #}
{% macro keep_changes(model_name, before, after) %}
    {%- set place = ['load_id', 'row_number', 'load_sequence', 'updated_at'] -%}
    {%- set columns = [] -%}
    {%- for column in adapter.get_columns_in_relation(this) if column.name not in place -%}
        {%- do columns.append(adapter.quote(column.name)) -%}
    {%- endfor -%}
    {%- set columns = columns | join(', ') -%}
    create or replace table changes.{{ model_name }} as
    select {{ columns }}, false as is_new
    from (select {{ columns }} from {{ before }} except select {{ columns }} from {{ after }})
    union all
    select {{ columns }}, true as is_new
    from (select {{ columns }} from {{ after }} except select {{ columns }} from {{ before }});
{% endmacro %}

{% macro forget_changes(model_name) -%}
    create or replace table changes.{{ model_name }} as select *, true as is_new from {{ this }} limit 0;
{%- endmacro %}

{# The whole table. Until it is there it is of no build: a run that ends in between leaves that to be seen. #}
{% macro made_anew(keeps, latest_version='null') %}
    {%- do run_query("delete from changes.built where model = '" ~ model.name ~ "'") -%}
    {%- set relations = materialization_table_duckdb() -%}
    {%- do run_query((forget_changes(model.name) if keeps else '') ~ mark_as_built(model.name, latest_version)) -%}
    {{ return(relations) }}
{% endmacro %}

{% materialization by_change, adapter='duckdb' %}
    {%- set rules = config.get('meta').by_change -%}
    {%- set base = base_of(this) -%}
    {%- if base is none -%}
        {{ return(made_anew(keeps=rules.keeps)) }}
    {%- endif -%}
    {%- set redo = rules.redo -%}
    {%- set bounds = bounds_of(redo) -%}
    {%- set now = model.name ~ '__now' -%}
    {%- set before = model.name ~ '__before' -%}
    {%- set ns = namespace(sql=compiled_code) -%}
    {%- set kinds = {} -%}
    {%- for name, rule in rules.reads.items() -%}
        {%- set read = ref(name) | string -%}
        {%- if read not in ns.sql -%}
            {%- do exceptions.raise_compiler_error(model.name ~ ' reads no ' ~ name ~ ': see its by_change') -%}
        {%- endif -%}
        {#- What is read once is no copy: of its columns only those are read that the model asks for. -#}
        {%- do kinds.update({name: 'view' if ns.sql.count(read) == 1 else 'table'}) -%}
        {%- set ns.sql = ns.sql.replace(read, model.name ~ '__' ~ name) -%}
    {%- endfor -%}
    {% call statement('main') -%}
        {%- for name, rule in rules.reads.items() %}
        create or replace temp {{ kinds[name] }} {{ model.name }}__{{ name }} as
        {{ reached_in_table(ref(name), rule, bounds_of(rule)) }};
        {%- endfor %}
        create or replace temp table {{ now }} as {{ reached('(' ~ ns.sql ~ ')', redo) }};
        create or replace temp table {{ before }} as
        {{ reached_in_table(this, redo, bounds, 'here.rowid as place' ~ (', here.*' if rules.keeps else '')) }};
        {% if rules.keeps %}{{ keep_changes(model.name, before, now) }}{% endif %}
        delete from {{ this }} as here where {{ bounds.within | join(' and ') }} and here.rowid in (select place from {{ before }});
        insert into {{ this }} by name from {{ now }};
        {{ mark_as_built(model.name) }}
        {%- for name in rules.reads %}
        drop {{ kinds[name] }} {{ model.name }}__{{ name }};
        {%- endfor %}
        drop table {{ now }};
        drop table {{ before }};
    {%- endcall %}
    {% do adapter.commit() %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{# A small table that is made anew each time, and says what changed. #}
{% materialization compared, adapter='duckdb' %}
    {%- set base = base_of(this) -%}
    {%- if base is none -%}
        {{ return(made_anew(keeps=true)) }}
    {%- endif -%}
    {%- set now = model.name ~ '__now' -%}
    {% call statement('main') -%}
        create or replace temp table {{ now }} as {{ compiled_code }};
        {{ keep_changes(model.name, this, now) }}
        delete from {{ this }};
        insert into {{ this }} by name from {{ now }};
        {{ mark_as_built(model.name) }}
        drop table {{ now }};
    {%- endcall %}
    {% do adapter.commit() %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{#
  A landed dataset. By change, only the files of new loads are read: a row of theirs takes the place of the one with its
  key unless that has a later version. Rows that are no later than the last build's `as_of` never become newest later,
  and with any others a build does not go by change (`reasons_against`).
#}
{% materialization landed, adapter='duckdb' %}
    {%- set dataset = model.name | replace('stg_landing__', '') -%}
    {%- set files = modules.re.search("read_parquet\\('([^']*/)\\*\\.parquet', union_by_name = true\\)", compiled_code) -%}
    {%- set base = base_of(this) -%}
    {%- if base is none -%}
        {%- set latest = '(select max(updated_at) from ' ~ files.group(0) ~ ')' if files else "'infinity'" -%}
        {{ return(made_anew(keeps=true, latest_version=latest)) }}
    {%- endif -%}
    {%- set loads = run_query(
        "select load_id from " ~ ref('stg_records__loads') ~ " where dataset = '" ~ dataset ~ "'"
        " and sequence > (select base_load_sequence from " ~ this_build() ~ ") order by sequence"
    ).columns[0].values() -%}
    {%- set key = config.get('meta').grain -%}
    {%- set same_key = [] -%}
    {%- for column in key -%}
        {%- do same_key.append('here.' ~ column ~ ' = there.' ~ column) -%}
    {%- endfor -%}
    {%- set same_key = same_key | join(' and ') -%}
    {%- set now = model.name ~ '__now' -%}
    {%- set before = model.name ~ '__before' -%}
    {%- set latest -%}
        (select max(latest_version) from changes.built where model = '{{ model.name }}')
    {%- endset -%}
    {% call statement('main') -%}
        {% if loads %}
        {%- set new_files -%}
            read_parquet(['{{ files.group(1) }}{{ loads | join(".parquet', '" ~ files.group(1)) }}.parquet'], union_by_name = true)
        {%- endset -%}
        {%- set latest = 'greatest(' ~ latest ~ ', (select max(updated_at) from ' ~ new_files ~ '))' -%}
        create or replace temp table {{ now }} as {{ compiled_code.replace(files.group(0), new_files) }};
        create or replace temp table {{ before }} as
        select here.rowid as place, here.updated_at, here.{{ key | join(', here.') }}
        from {{ this }} as here semi join {{ now }} as there on {{ same_key }};
        delete from {{ now }} as here using {{ before }} as there
        where {{ same_key }} and not coalesce(here.updated_at >= there.updated_at, there.updated_at is null);
        {%- set replaced = 'select here.place from ' ~ before ~ ' as here semi join ' ~ now ~ ' as there on ' ~ same_key %}
        {{ keep_changes(model.name, '(select * from ' ~ this ~ ' where rowid in (' ~ replaced ~ '))', now) }}
        delete from {{ this }} where rowid in ({{ replaced }});
        insert into {{ this }} by name from {{ now }};
        drop table {{ now }};
        drop table {{ before }};
        {% else %}
        {{ forget_changes(model.name) }}
        {% endif %}
        {{ mark_as_built(model.name, latest) }}
    {%- endcall %}
    {% do adapter.commit() %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{#
  What a build by change needs to know. Empty, where everything is made anew. The instants of `build` are compared with as
  constants: so stretches of rows before or after them are not read.
#}
{% materialization change_set, adapter='duckdb' %}
    {%- set build = run_query("select base_id, base_as_of, as_of from " ~ this_build()).rows -%}
    {%- set ns = namespace(sql=compiled_code) -%}
    {%- if build and build[0].base_id -%}
        {%- for instant in ('base_as_of', 'as_of') -%}
            {%- set constant = "timestamptz '" ~ build[0][instant].isoformat() ~ "'" -%}
            {%- set ns.sql = modules.re.sub('\\bbuild[.]' ~ instant ~ '\\b', constant, ns.sql) -%}
        {%- endfor -%}
    {%- else -%}
        {%- set ns.sql = 'select * from (' ~ ns.sql ~ ') as nothing_changed limit 0' -%}
    {%- endif -%}
    {% call statement('main') -%}
        create or replace table {{ this }} as {{ ns.sql }};
    {%- endcall %}
    {% do adapter.commit() %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{#
  The first table of a build: what it reports at. After it comes the decision, as a row of `changes.builds`: `base_id`,
  the build that this one goes by, or `whole_because`.
#}
{% materialization build_record, adapter='duckdb' %}
    {%- set relations = materialization_table_duckdb() -%}
    {%- set loads = ref('stg_records__loads') -%}
    {%- set built = [] -%}
    {%- for node in graph.nodes.values() if node.config.materialized in ('by_change', 'compared', 'landed') -%}
        {%- do built.append(node.name) -%}
    {%- endfor -%}
    {%- do run_query("
        delete from changes.built
        where build_id is distinct from (select build_id from " ~ this_build() ~ ");
        insert into changes.builds by name
        with
        last as (select * from " ~ this_build() ~ "),
        new as (
            select
                context.as_of,
                context.kept_from,
                (select coalesce(max(sequence), 0) from " ~ loads ~ ") as load_sequence,
                (select md5(string_agg(sequence || dataset || load_id, ',' order by sequence)) from " ~ loads ~ ")
                    as inputs,
                (
                    select md5(string_agg(sequence || dataset || load_id, ',' order by sequence)) from " ~ loads ~ "
                    where sequence <= (select load_sequence from last)
                ) as inputs_before,
                (
                    select sum(rows_loaded) filter (where sequence > (select load_sequence from last))
                        / nullif(sum(rows_loaded), 0)
                    from " ~ loads ~ "
                ) as new_share,
                (select bool_or(source is not null) from " ~ loads ~ ") as has_vendors,
                (select cast(collected as varchar) from " ~ ref('int_run__datasets_collected') ~ " as collected)
                    as collected,
                md5(coalesce(getvariable('definitions'), '') || '" ~ (invocation_args_dict.vars | string | replace("'", "''")) ~ "')
                    as definitions,
            from " ~ this ~ " as context
        ),
        decided as (
            select
                new.*,
                last.build_id as last_id,
                last.as_of as base_as_of,
                last.load_sequence as base_load_sequence,
                coalesce(last.number, 0) + 1 as number,
                " ~ reasons_against(built | unique | list) ~ " as whole_because,
            from new
            left join last on true
        )
        select
            number, '" ~ invocation_id ~ "' as build_id,
            case when whole_because is null then last_id end as base_id,
            case when whole_because is null then base_as_of end as base_as_of,
            case when whole_because is null then base_load_sequence end as base_load_sequence,
            whole_because, as_of, kept_from, load_sequence, inputs, collected, definitions,
        from decided
    ") -%}
    {%- set because = run_query("select whole_because from " ~ this_build()).rows[0][0] -%}
    {%- if because -%}
        {%- do drop_tables_of_no_model() -%}
    {%- endif -%}
    {%- do log("built whole: " ~ because if because else "built by change", info=true) -%}
    {{ return(relations) }}
{% endmaterialization %}

{#
  What models kept that are no more: nothing would make those rows anew, nor take a person out of them who is erased.
  Marts stay, for they may be somebody's own.
#}
{% macro drop_tables_of_no_model() -%}
    {%- set named = ['builds', 'built'] -%}
    {%- for node in graph.nodes.values() -%}
        {%- do named.append(node.name) -%}
    {%- endfor -%}
    {%- set left = run_query(
        "select schema_name, table_name from duckdb_tables() where database_name = current_database()"
        " and schema_name in ('staging', 'kept', 'changes') and table_name not in ('" ~ named | join("', '") ~ "')"
    ) -%}
    {%- for table in left.rows -%}
        {%- do run_query('drop table ' ~ adapter.quote(table[0]) ~ '.' ~ adapter.quote(table[1])) -%}
    {%- endfor -%}
{%- endmacro %}

{# Why a build (`new`) cannot go by the one before it (`last`); null if it can. The first reason is said. #}
{% macro reasons_against(built) -%}
    case
        when {{ 'true' if flags.FULL_REFRESH else 'false' }} then 'asked for'
        when last.build_id is null then 'nothing was built before'
        when
            (select count(distinct model) from changes.built where model in ('{{ built | join("', '") }}')) != {{ built | length }}
            then 'the build before was not completed'
        when
            (
                select count(*) from duckdb_tables()
                where database_name = current_database() and schema_name != 'changes' and table_name in ('{{ built | join("', '") }}')
            ) != {{ built | length }}
            then 'a table of the build before is gone'
        when new.definitions is distinct from last.definitions then 'models or rules changed'
        when new.as_of < last.as_of then 'the instant is before that of the last build'
        when new.kept_from is distinct from last.kept_from then 'rows of a day were purged'
        when new.inputs_before is distinct from last.inputs then 'a file that was loaded counts no more, or otherwise'
        when new.collected is distinct from last.collected then 'the first file of a dataset'
        when new.has_vendors then 'exports of vendors are mapped as a whole'
        when
            (select max(latest_version) from changes.built) > last.as_of
            then 'rows have versions later than the instant of the last build'
        when new.as_of > last.as_of + interval '{{ var("by_change_within_days") }} days' or new.new_share > 0.25
            then 'more is new than a build by change is good for'
    end
{%- endmacro %}

{# Another engine makes every table anew. #}
{% materialization by_change, default %}
    {{ return(context['materialization_table_' ~ adapter.type()]()) }}
{% endmaterialization %}

{% materialization compared, default %}
    {{ return(context['materialization_table_' ~ adapter.type()]()) }}
{% endmaterialization %}

{% materialization landed, default %}
    {{ return(context['materialization_table_' ~ adapter.type()]()) }}
{% endmaterialization %}

{% materialization build_record, default %}
    {{ return(context['materialization_table_' ~ adapter.type()]()) }}
{% endmaterialization %}

{% materialization change_set, default %}
    {% call noop_statement('main', 'SKIPPED') %}{% endcall %}
    {{ return({'relations': []}) }}
{% endmaterialization %}

{#
  Keys of landed rows that are new, gone or changed, of which one of the instants (`columns`) has passed since the build
  before, or of whose people (columns too) somebody's profile changed.
#}
{% macro changed_keys(model, key, columns, people=['agent_id']) %}
with

build as (
    select * from {{ this_build() }} where base_id is not null
),

final as (
    select {{ key }} from {{ changes_of(model) }}
    union
    select landed.{{ key }}
    from {{ ref(model) }} as landed
    cross join build
    where {{ passed(columns, 'landed') }}
    {%- for person in people %}
    union
    select landed.{{ key }}
    from {{ ref(model) }} as landed
    semi join {{ changes_of('int_people__profiles') }} as profiles
        on landed.{{ person }} = profiles.agent_id
    {%- endfor %}
)

select * from final
{% endmacro %}

{# Whether one of the instants of `relation` lies after the last build's `as_of` and not after this one's (of `build`). #}
{% macro passed(columns, relation) -%}
    {%- for column in columns %}
    {{ 'or ' if not loop.first }}({{ relation }}.{{ column }} > build.base_as_of and {{ relation }}.{{ column }} <= build.as_of)
    {%- endfor %}
{%- endmacro %}

{# Whether an agent had an interaction in hand at the last build's `as_of` (of `build`). #}
{% macro in_hand(relation) -%}
    {{ relation }}.answered_at <= build.base_as_of
    and (
        {{ relation }}.ended_at is null
        or {{ epoch_seconds(relation ~ '.ended_at') }} + coalesce({{ relation }}.acw_seconds, 0)
        >= {{ epoch_seconds('build.base_as_of') }}
    )
{%- endmacro %}

{#
  Dates of agents (`first_date` to `last_date`, both included) as runs that neither overlap nor, `apart_by` 1, follow
  each other. Seconds and instants of a run reach a day further on both sides: so they hold it in every time zone.
#}
{% macro runs_of_dates(relation, apart_by=1) %}
select
    agent_id,
    min(first_date) as first_date,
    max(last_date) as last_date,
    ({{ day_number('min(first_date)') }} - 1) * 86400 as from_seconds,
    ({{ day_number('max(last_date)') }} + 2) * 86400 as to_seconds,
    cast(min(first_date) - 1 as timestamp) at time zone 'UTC' as from_at,
    cast(least(max(last_date), date '9999-01-01') + 2 as timestamp) at time zone 'UTC' as to_at,
from (
    select
        *,
        sum(cast(is_apart as integer)) over (
            partition by agent_id order by first_date, last_date
            rows between unbounded preceding and current row
        ) as run_number,
    from (
        select
            agent_id,
            first_date,
            last_date,
            coalesce(
                {{ day_number('first_date') }} - {{ apart_by }} > max({{ day_number('last_date') }}) over (
                    partition by agent_id order by first_date, last_date
                    rows between unbounded preceding and 1 preceding
                ),
                true
            ) as is_apart,
        from {{ relation }}
    )
)
group by agent_id, run_number
{% endmacro %}
