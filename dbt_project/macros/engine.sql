{# What differs between engines lives here, never in a model. Instants are UTC; seconds are whole. #}

{# Whole seconds since 1970-01-01T00:00:00Z; a fraction is floored, so neighbours stay neighbours. #}
{% macro epoch_seconds(instant) %}{{ return(adapter.dispatch('epoch_seconds')(instant)) }}{% endmacro %}
{% macro duckdb__epoch_seconds(instant) %}(epoch_us({{ instant }}) // 1000000){% endmacro %}
{% macro spark__epoch_seconds(instant) %}unix_seconds({{ instant }}){% endmacro %}

{% macro from_epoch_seconds(seconds) %}{{ return(adapter.dispatch('from_epoch_seconds')(seconds)) }}{% endmacro %}
{% macro duckdb__from_epoch_seconds(seconds) %}make_timestamptz(({{ seconds }}) * 1000000){% endmacro %}
{% macro spark__from_epoch_seconds(seconds) %}timestamp_seconds({{ seconds }}){% endmacro %}

{% macro local_date(instant, time_zone) %}{{ return(adapter.dispatch('local_date')(instant, time_zone)) }}{% endmacro %}
{% macro duckdb__local_date(instant, time_zone) %}cast(timezone({{ time_zone }}, {{ instant }}) as date){% endmacro %}
{% macro spark__local_date(instant, time_zone) %}cast(from_utc_timestamp({{ instant }}, {{ time_zone }}) as date){% endmacro %}

{#
  First UTC instant, in epoch seconds, whose local date is `day` or later.
  Only the way towards local is trusted: a midnight that daylight saving repeats has two instants, and engines
  disagree on which one they name, so the earliest candidate that already has the date wins. A skipped midnight
  is named by every engine as the instant of the jump.
#}
{% macro first_second_of_local_date(day, time_zone) %}{{ return(adapter.dispatch('first_second_of_local_date')(day, time_zone)) }}{% endmacro %}
{% macro duckdb__first_second_of_local_date(day, time_zone) -%}
    case
        {%- for minutes in [120, 60, 30, 20] %}
        when
            cast(
                timezone(
                    {{ time_zone }},
                    timezone({{ time_zone }}, cast({{ day }} as timestamp))
                    - interval '{{ minutes }} minutes'
                ) as date
            ) >= {{ day }}
            then
                (epoch_us(timezone({{ time_zone }}, cast({{ day }} as timestamp))) // 1000000)
                - {{ minutes * 60 }}
        {%- endfor %}
        else (epoch_us(timezone({{ time_zone }}, cast({{ day }} as timestamp))) // 1000000)
    end
{%- endmacro %}
{% macro spark__first_second_of_local_date(day, time_zone) -%}
    {%- set midnight = 'unix_seconds(to_utc_timestamp(cast(' ~ day ~ ' as timestamp), ' ~ time_zone ~ '))' -%}
    case
        {%- for minutes in [120, 60, 30, 20] %}
        when
            cast(
                from_utc_timestamp(
                    timestamp_seconds({{ midnight }} - {{ minutes * 60 }}), {{ time_zone }}
                ) as date
            ) >= {{ day }}
            then {{ midnight }} - {{ minutes * 60 }}
        {%- endfor %}
        else {{ midnight }}
    end
{%- endmacro %}

{# Days since 1970-01-01, and back. #}
{% macro day_number(day) %}{{ return(adapter.dispatch('day_number')(day)) }}{% endmacro %}
{% macro duckdb__day_number(day) %}({{ day }} - date '1970-01-01'){% endmacro %}
{% macro spark__day_number(day) %}cast(unix_date({{ day }}) as bigint){% endmacro %}

{% macro date_of_day_number(number) %}{{ return(adapter.dispatch('date_of_day_number')(number)) }}{% endmacro %}
{% macro duckdb__date_of_day_number(number) %}(date '1970-01-01' + cast({{ number }} as integer)){% endmacro %}
{% macro spark__date_of_day_number(number) %}date_from_unix_date(cast({{ number }} as integer)){% endmacro %}

{% macro add_days(day, days) %}{{ return(adapter.dispatch('add_days')(day, days)) }}{% endmacro %}
{% macro duckdb__add_days(day, days) %}({{ day }} + cast({{ days }} as integer)){% endmacro %}
{% macro spark__add_days(day, days) %}date_add({{ day }}, cast({{ days }} as integer)){% endmacro %}

{% macro month_start(day) %}{{ return(adapter.dispatch('month_start')(day)) }}{% endmacro %}
{% macro duckdb__month_start(day) %}cast(date_trunc('month', {{ day }}) as date){% endmacro %}
{% macro spark__month_start(day) %}cast(date_trunc('month', {{ day }}) as date){% endmacro %}

{% macro month_end(day) %}{{ return(adapter.dispatch('month_end')(day)) }}{% endmacro %}
{% macro duckdb__month_end(day) %}last_day({{ day }}){% endmacro %}
{% macro spark__month_end(day) %}last_day({{ day }}){% endmacro %}

{% macro week_start(day) %}{{ return(adapter.dispatch('week_start')(day)) }}{% endmacro %}
{% macro duckdb__week_start(day) %}cast(date_trunc('week', {{ day }}) as date){% endmacro %}
{% macro spark__week_start(day) %}cast(date_trunc('week', {{ day }}) as date){% endmacro %}

{# One row for each whole number from `first` to `last`, both included; none where `last` is less. #}
{% macro explode_numbers(first, last) %}{{ return(adapter.dispatch('explode_numbers')(first, last)) }}{% endmacro %}
{% macro duckdb__explode_numbers(first, last) %}unnest(generate_series({{ first }}, {{ last }})){% endmacro %}
{% macro spark__explode_numbers(first, last) -%}
    {#- A sequence of Spark counts down where the last is less than the first. -#}
    explode(
        if({{ first }} <= {{ last }}, sequence({{ first }}, {{ last }}), cast(array() as array<bigint>))
    )
{%- endmacro %}

{% macro sha256_hex(text) %}{{ return(adapter.dispatch('sha256_hex')(text)) }}{% endmacro %}
{% macro duckdb__sha256_hex(text) %}sha256({{ text }}){% endmacro %}
{% macro spark__sha256_hex(text) %}sha2({{ text }}, 256){% endmacro %}

{# A number as text with that many decimals, for reasons that people read. #}
{% macro fixed(number, decimals) %}{{ return(adapter.dispatch('fixed')(number, decimals)) }}{% endmacro %}
{% macro duckdb__fixed(number, decimals) %}printf('%.{{ decimals }}f', {{ number }}){% endmacro %}
{#
  Not `format_string`: Java rounds the shortest decimal there, while this one looks at the binary number, as C does. But for
  half of the last place alone (0.0005 with 3 decimals), which it takes for nothing.
#}
{% macro spark__fixed(number, decimals) %}format_number({{ number }}, '0.{{ '0' * decimals }}'){% endmacro %}

{# A month as YYYY-MM. #}
{% macro month_text(day) %}{{ return(adapter.dispatch('month_text')(day)) }}{% endmacro %}
{% macro duckdb__month_text(day) %}strftime({{ day }}, '%Y-%m'){% endmacro %}
{% macro spark__month_text(day) %}date_format({{ day }}, 'yyyy-MM'){% endmacro %}

{# An instant as text, ISO 8601 in UTC, whole seconds. #}
{% macro instant_text(instant) %}{{ return(adapter.dispatch('instant_text')(instant)) }}{% endmacro %}
{% macro duckdb__instant_text(instant) %}strftime(timezone('UTC', {{ instant }}), '%Y-%m-%dT%H:%M:%SZ'){% endmacro %}
{% macro spark__instant_text(instant) %}concat(date_format({{ instant }}, 'yyyy-MM-dd'), 'T', date_format({{ instant }}, 'HH:mm:ss'), 'Z'){% endmacro %}

{# Stops the query with a message, where a row gets there. #}
{% macro raise_error(message) %}{{ return(adapter.dispatch('raise_error')(message)) }}{% endmacro %}
{% macro duckdb__raise_error(message) %}error({{ message }}){% endmacro %}
{% macro spark__raise_error(message) %}raise_error({{ message }}){% endmacro %}

{#
  Behind the name of a CTE that is read several times, and each time in a few columns: reading those again is cheaper than
  keeping all of them.
#}
{% macro not_materialized() %}{{ return(adapter.dispatch('not_materialized')()) }}{% endmacro %}
{% macro duckdb__not_materialized() %}not materialized{% endmacro %}
{% macro spark__not_materialized() %}{% endmacro %}

{# As a window function: the last value that is not null. #}
{% macro last_known(value) %}{{ return(adapter.dispatch('last_known')(value)) }}{% endmacro %}
{% macro duckdb__last_known(value) %}last_value({{ value }} ignore nulls){% endmacro %}
{% macro spark__last_known(value) %}last_value({{ value }}, true){% endmacro %}

{# A whole number that equal values share, and others hardly ever: a quarter of the text's memory, where millions are counted. #}
{% macro number_of(columns) %}{{ return(adapter.dispatch('number_of')(columns)) }}{% endmacro %}
{% macro duckdb__number_of(columns) %}hash({{ columns | join(', ') }}){% endmacro %}
{% macro spark__number_of(columns) %}xxhash64({{ columns | join(', ') }}){% endmacro %}

{# Microseconds and milliseconds since 1970-01-01T00:00:00Z. #}
{% macro epoch_microseconds(instant) %}{{ return(adapter.dispatch('epoch_microseconds')(instant)) }}{% endmacro %}
{% macro duckdb__epoch_microseconds(instant) %}epoch_us({{ instant }}){% endmacro %}
{% macro spark__epoch_microseconds(instant) %}unix_micros({{ instant }}){% endmacro %}

{% macro epoch_milliseconds(instant) %}{{ return(adapter.dispatch('epoch_milliseconds')(instant)) }}{% endmacro %}
{% macro duckdb__epoch_milliseconds(instant) %}epoch_ms({{ instant }}){% endmacro %}
{% macro spark__epoch_milliseconds(instant) %}unix_millis({{ instant }}){% endmacro %}

{% macro from_epoch_microseconds(microseconds) %}{{ return(adapter.dispatch('from_epoch_microseconds')(microseconds)) }}{% endmacro %}
{% macro duckdb__from_epoch_microseconds(microseconds) %}make_timestamptz({{ microseconds }}){% endmacro %}
{% macro spark__from_epoch_microseconds(microseconds) %}timestamp_micros({{ microseconds }}){% endmacro %}

{% macro add_seconds(instant, seconds) %}{{ return(adapter.dispatch('add_seconds')(instant, seconds)) }}{% endmacro %}
{% macro duckdb__add_seconds(instant, seconds) %}({{ instant }} + to_seconds({{ seconds }})){% endmacro %}
{% macro spark__add_seconds(instant, seconds) %}timestampadd(second, {{ seconds }}, {{ instant }}){% endmacro %}

{# Year, week and weekday (1: Monday) of ISO 8601. #}
{% macro iso_part(part, day) %}{{ return(adapter.dispatch('iso_part')(part, day)) }}{% endmacro %}
{% macro duckdb__iso_part(part, day) -%}
    cast(extract('{{ {'year': 'isoyear', 'week': 'week', 'weekday': 'isodow'}[part] }}' from {{ day }}) as integer)
{%- endmacro %}
{% macro spark__iso_part(part, day) -%}
    extract({{ {'year': 'yearofweek', 'week': 'week', 'weekday': 'dayofweek_iso'}[part] }} from {{ day }})
{%- endmacro %}

{# Of the row with the greatest (least) `order`, the value: rows without a value do not count. May have a filter. #}
{% macro arg_max(value, order) %}{{ return(adapter.dispatch('arg_max')(value, order)) }}{% endmacro %}
{% macro duckdb__arg_max(value, order) %}arg_max({{ value }}, {{ order }}){% endmacro %}
{% macro spark__arg_max(value, order) %}max_by({{ value }}, case when ({{ value }}) is not null then {{ order }} end){% endmacro %}

{% macro arg_min(value, order) %}{{ return(adapter.dispatch('arg_min')(value, order)) }}{% endmacro %}
{% macro duckdb__arg_min(value, order) %}arg_min({{ value }}, {{ order }}){% endmacro %}
{% macro spark__arg_min(value, order) %}min_by({{ value }}, case when ({{ value }}) is not null then {{ order }} end){% endmacro %}

{# Of an even count the middle between the two in the middle; engines round that differently. #}
{% macro median_of(number) %}{{ return(adapter.dispatch('median_of')(number)) }}{% endmacro %}
{% macro duckdb__median_of(number) %}median({{ number }}){% endmacro %}
{% macro spark__median_of(number) -%}
    {%- set sorted = 'array_sort(collect_list(cast(' ~ number ~ ' as double)))' -%}
    {%- set count = 'count(' ~ number ~ ')' -%}
    {%- set low = 'try_element_at(' ~ sorted ~ ', cast((' ~ count ~ ' + 1) div 2 as integer))' -%}
    {%- set high = 'try_element_at(' ~ sorted ~ ', cast(' ~ count ~ ' div 2 + 1 as integer))' -%}
    case when {{ count }} > 0 then ({{ low }} + {{ high }}) / 2 end
{%- endmacro %}

{# All texts of a group, one after the other. #}
{% macro joined_text(text, separator, order) %}{{ return(adapter.dispatch('joined_text')(text, separator, order)) }}{% endmacro %}
{% macro duckdb__joined_text(text, separator, order) %}string_agg({{ text }}, '{{ separator }}' order by {{ order | join(', ') }}){% endmacro %}
{% macro spark__joined_text(text, separator, order) -%}
    array_join(
        transform(
            array_sort(collect_list(struct({{ order | join(', ') }}, {{ text }} as joined))), entry -> entry.joined
        ),
        '{{ separator }}'
    )
{%- endmacro %}

{# Whether a regular expression matches somewhere in the text, or the text from end to end. #}
{% macro matches(text, pattern) %}{{ return(adapter.dispatch('matches')(text, pattern)) }}{% endmacro %}
{% macro duckdb__matches(text, pattern) %}regexp_matches({{ text }}, '{{ pattern }}'){% endmacro %}
{% macro spark__matches(text, pattern) %}regexp_like({{ text }}, '{{ pattern }}'){% endmacro %}

{% macro fully_matches(text, pattern) %}{{ return(adapter.dispatch('fully_matches')(text, pattern)) }}{% endmacro %}
{% macro duckdb__fully_matches(text, pattern) %}regexp_full_match({{ text }}, '{{ pattern }}'){% endmacro %}
{% macro spark__fully_matches(text, pattern) %}regexp_like({{ text }}, '^({{ pattern }})$'){% endmacro %}

{# The text with every match replaced. `regexp_replace` alone is for patterns that match once: engines differ. #}
{% macro replace_matches(text, pattern, by) %}{{ return(adapter.dispatch('replace_matches')(text, pattern, by)) }}{% endmacro %}
{% macro duckdb__replace_matches(text, pattern, by) %}regexp_replace({{ text }}, '{{ pattern }}', '{{ by }}', 'g'){% endmacro %}
{% macro spark__replace_matches(text, pattern, by) %}regexp_replace({{ text }}, '{{ pattern }}', '{{ by }}'){% endmacro %}

{# What the regular expression matches, '' where it does not. #}
{% macro first_match(text, pattern) %}{{ return(adapter.dispatch('first_match')(text, pattern)) }}{% endmacro %}
{% macro duckdb__first_match(text, pattern) %}regexp_extract({{ text }}, '{{ pattern }}'){% endmacro %}
{% macro spark__first_match(text, pattern) %}regexp_extract({{ text }}, '{{ pattern }}', 0){% endmacro %}

{# Lists. Places count from 1; beyond the end there is null. #}
{% macro split_list(text, separator) %}{{ return(adapter.dispatch('split_list')(text, separator)) }}{% endmacro %}
{% macro duckdb__split_list(text, separator) %}string_split({{ text }}, '{{ separator }}'){% endmacro %}
{% macro spark__split_list(text, separator) %}split({{ text }}, '[{{ separator }}]'){% endmacro %}

{% macro list_item(items, place) %}{{ return(adapter.dispatch('list_item')(items, place)) }}{% endmacro %}
{% macro duckdb__list_item(items, place) %}{{ items }}[{{ place }}]{% endmacro %}
{% macro spark__list_item(items, place) %}try_element_at({{ items }}, cast({{ place }} as integer)){% endmacro %}

{% macro list_length(items) %}{{ return(adapter.dispatch('list_length')(items)) }}{% endmacro %}
{% macro duckdb__list_length(items) %}len({{ items }}){% endmacro %}
{% macro spark__list_length(items) %}size({{ items }}){% endmacro %}

{# One row for each item of a list; none for an empty one or null. #}
{% macro explode_list(items) %}{{ return(adapter.dispatch('explode_list')(items)) }}{% endmacro %}
{% macro duckdb__explode_list(items) %}unnest({{ items }}){% endmacro %}
{% macro spark__explode_list(items) %}explode({{ items }}){% endmacro %}

{# The same with each item's place, as two columns of a select. #}
{% macro explode_with_places(items, place, item) %}{{ return(adapter.dispatch('explode_with_places')(items, place, item)) }}{% endmacro %}
{% macro duckdb__explode_with_places(items, place, item) -%}
    generate_subscripts({{ items }}, 1) as {{ place }},
        unnest({{ items }}) as {{ item }}
{%- endmacro %}
{% macro spark__explode_with_places(items, place, item) -%}
    inline(transform({{ items }}, (entry, before) -> struct(before + 1 as {{ place }}, entry as {{ item }})))
{%- endmacro %}

{# A value of named fields: `fields` maps names to SQL. #}
{% macro record(fields) %}{{ return(adapter.dispatch('record')(fields)) }}{% endmacro %}
{% macro duckdb__record(fields) -%}
    struct_pack({% for name, value in fields.items() %}{{ name }} := {{ value }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}
{% macro spark__record(fields) -%}
    struct({% for name, value in fields.items() %}{{ value }} as {{ name }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{# The records of a group (those of `where`) as a list, in order; an empty list where there is none. #}
{% macro record_list(fields, order, where=none) %}{{ return(adapter.dispatch('record_list')(fields, order, where)) }}{% endmacro %}
{% macro duckdb__record_list(fields, order, where) -%}
    coalesce(
        list({{ record(fields) }} order by {{ order | join(', ') }})
        {%- if where %} filter (where {{ where }}){% endif %},
        []
    )
{%- endmacro %}
{% macro spark__record_list(fields, order, where) -%}
    transform(
        array_sort(
            collect_list(struct({{ order | join(', ') }}, {{ record(fields) }} as listed))
            {%- if where %} filter (where {{ where }}){% endif %}
        ),
        entry -> entry.listed
    )
{%- endmacro %}

{# A list without its nulls, an empty list for none. #}
{% macro known_items(items) %}{{ return(adapter.dispatch('known_items')(items)) }}{% endmacro %}
{% macro duckdb__known_items(items) %}list_filter([{{ items | join(', ') }}], lambda item: item is not null){% endmacro %}
{% macro spark__known_items(items) %}filter(array({{ items | join(', ') }}), item -> item is not null){% endmacro %}

{% macro or_empty_list(items) %}{{ return(adapter.dispatch('or_empty_list')(items)) }}{% endmacro %}
{% macro duckdb__or_empty_list(items) %}coalesce({{ items }}, []){% endmacro %}
{% macro spark__or_empty_list(items) %}coalesce({{ items }}, array()){% endmacro %}

{# A record or a list of records as JSON; fields without a value are there, as null. #}
{% macro json_text(value) %}{{ return(adapter.dispatch('json_text')(value)) }}{% endmacro %}
{% macro duckdb__json_text(value) %}cast(to_json({{ value }}) as varchar){% endmacro %}
{% macro spark__json_text(value) -%}
    {{ plain_numbers("to_json(" ~ value ~ ", map('ignoreNullFields', 'false'))") }}
{%- endmacro %}

{# A double as text, the shortest that is this number. #}
{% macro number_text(number) %}{{ return(adapter.dispatch('number_text')(number)) }}{% endmacro %}
{% macro duckdb__number_text(number) %}cast({{ number }} as varchar){% endmacro %}
{% macro spark__number_text(number) %}{{ plain_numbers('cast(' ~ number ~ ' as string)') }}{% endmacro %}

{# A value of a type as text, decimals with all their places. #}
{% macro exact_text(value, type) %}{{ return(adapter.dispatch('exact_text')(value, type)) }}{% endmacro %}
{% macro duckdb__exact_text(value, type) %}cast({{ value }} as varchar){% endmacro %}
{% macro spark__exact_text(value, type) -%}
    {%- if type == 'double' -%}
        {{ number_text(value) }}
    {%- elif type.startswith('decimal') -%}
        {#- Cast, nothing is written as 0E-9. -#}
        format_number({{ value }}, '0.{{ '0' * (type.split(',')[1] | replace(')', '') | int) }}')
    {%- else -%}
        cast({{ value }} as string)
    {%- endif -%}
{%- endmacro %}

{# Java writes numbers below a thousandth with an exponent, the other engine does so from a ten-thousandth down. #}
{% macro plain_numbers(text) -%}
    regexp_replace(regexp_replace({{ text }}, '([0-9])[.]0E-4', '0.000$1'), '([0-9])[.]([0-9]+)E-4', '0.000$1$2')
{%- endmacro %}

{# JSON texts as a list of the texts at a path with `[*]` in it; as records of a structure; as a list of JSON texts. #}
{% macro json_texts(json, list_path, field) %}{{ return(adapter.dispatch('json_texts')(json, list_path, field)) }}{% endmacro %}
{% macro duckdb__json_texts(json, list_path, field) %}list_sort({{ json }} ->> '{{ list_path }}[*].{{ field }}'){% endmacro %}
{% macro spark__json_texts(json, list_path, field) -%}
    array_sort(
        filter(
            transform(
                from_json(get_json_object({{ json }}, '{{ list_path }}'), 'array<string>'),
                entry -> get_json_object(entry, '$.{{ field }}')
            ),
            entry -> entry is not null
        )
    )
{%- endmacro %}

{# `structure`: names and types as DuckDB has them, a list for a list, a mapping for a record. #}
{% macro json_record(json, structure) %}{{ return(adapter.dispatch('json_record')(json, structure)) }}{% endmacro %}
{% macro duckdb__json_record(json, structure) %}from_json({{ json }}, '{{ tojson(structure) }}'){% endmacro %}
{% macro spark__json_record(json, structure) %}from_json({{ json }}, '{{ spark_type(structure) }}'){% endmacro %}

{# The items of the list at a path as JSON texts; without a list there, the whole JSON is the only item. #}
{% macro json_items_or_whole(json, path) %}{{ return(adapter.dispatch('json_items_or_whole')(json, path)) }}{% endmacro %}
{% macro duckdb__json_items_or_whole(json, path) -%}
    case
        when json_type(try_cast({{ json }} ->> '{{ path }}' as json)) = 'ARRAY'
            then cast(try_cast({{ json }} ->> '{{ path }}' as json) as json[])
        else [cast({{ json }} as json)]
    end
{%- endmacro %}
{% macro spark__json_items_or_whole(json, path) -%}
    case
        when get_json_object({{ json }}, '{{ path }}') like '[%'
            then from_json(get_json_object({{ json }}, '{{ path }}'), 'array<string>')
        else array({{ json }})
    end
{%- endmacro %}

{#
  Used in a from clause after `relation`: the first instant of `later` that is after `instant`, among rows of the same
  key, as `later.instant_column`; null where there is none.
#}
{% macro join_first_after(relation, instant, later, later_instant, key) %}{{ return(adapter.dispatch('join_first_after')(relation, instant, later, later_instant, key)) }}{% endmacro %}
{% macro duckdb__join_first_after(relation, instant, later, later_instant, key) %}
    asof left join {{ later }}
        on
            {{ relation }}.{{ key }} = {{ later }}.{{ key }}
            and {{ relation }}.{{ instant }} < {{ later }}.{{ later_instant }}
{% endmacro %}
{% macro spark__join_first_after(relation, instant, later, later_instant, key) %}
    left join lateral (
        select min(candidates.{{ later_instant }}) as {{ later_instant }}
        from {{ later }} as candidates
        where
            candidates.{{ key }} = {{ relation }}.{{ key }}
            and candidates.{{ later_instant }} > {{ relation }}.{{ instant }}
    ) as {{ later }}
{% endmacro %}

{#
  How a model is kept that only others read: `kind`, view or ephemeral. Spark plans what is inlined again at every
  mention, and views of views of many mentions take it minutes: there it is a table.
#}
{% macro inlined(kind) %}{{ return(adapter.dispatch('inlined')(kind)) }}{% endmacro %}
{% macro duckdb__inlined(kind) %}{{ return(kind) }}{% endmacro %}
{% macro spark__inlined(kind) %}{{ return('table') }}{% endmacro %}
