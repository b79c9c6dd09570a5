{# What differs between engines lives here, never in a model. Instants are UTC; seconds are whole. #}

{# Whole seconds since 1970-01-01T00:00:00Z; a fraction is floored, so neighbours stay neighbours. #}
{% macro epoch_seconds(instant) %}{{ return(adapter.dispatch('epoch_seconds')(instant)) }}{% endmacro %}
{% macro duckdb__epoch_seconds(instant) %}(epoch_us({{ instant }}) // 1000000){% endmacro %}

{% macro from_epoch_seconds(seconds) %}{{ return(adapter.dispatch('from_epoch_seconds')(seconds)) }}{% endmacro %}
{% macro duckdb__from_epoch_seconds(seconds) %}make_timestamptz(({{ seconds }}) * 1000000){% endmacro %}

{% macro local_date(instant, time_zone) %}{{ return(adapter.dispatch('local_date')(instant, time_zone)) }}{% endmacro %}
{% macro duckdb__local_date(instant, time_zone) %}cast(timezone({{ time_zone }}, {{ instant }}) as date){% endmacro %}

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

{# Days since 1970-01-01, and back. #}
{% macro day_number(day) %}{{ return(adapter.dispatch('day_number')(day)) }}{% endmacro %}
{% macro duckdb__day_number(day) %}({{ day }} - date '1970-01-01'){% endmacro %}

{% macro date_of_day_number(number) %}{{ return(adapter.dispatch('date_of_day_number')(number)) }}{% endmacro %}
{% macro duckdb__date_of_day_number(number) %}(date '1970-01-01' + cast({{ number }} as integer)){% endmacro %}

{% macro add_days(day, days) %}{{ return(adapter.dispatch('add_days')(day, days)) }}{% endmacro %}
{% macro duckdb__add_days(day, days) %}({{ day }} + cast({{ days }} as integer)){% endmacro %}

{% macro month_start(day) %}{{ return(adapter.dispatch('month_start')(day)) }}{% endmacro %}
{% macro duckdb__month_start(day) %}cast(date_trunc('month', {{ day }}) as date){% endmacro %}

{% macro month_end(day) %}{{ return(adapter.dispatch('month_end')(day)) }}{% endmacro %}
{% macro duckdb__month_end(day) %}last_day({{ day }}){% endmacro %}

{% macro week_start(day) %}{{ return(adapter.dispatch('week_start')(day)) }}{% endmacro %}
{% macro duckdb__week_start(day) %}cast(date_trunc('week', {{ day }}) as date){% endmacro %}

{# One row for each whole number from `first` to `last`, both included. #}
{% macro explode_numbers(first, last) %}{{ return(adapter.dispatch('explode_numbers')(first, last)) }}{% endmacro %}
{% macro duckdb__explode_numbers(first, last) %}unnest(generate_series({{ first }}, {{ last }})){% endmacro %}

{% macro sha256_hex(text) %}{{ return(adapter.dispatch('sha256_hex')(text)) }}{% endmacro %}
{% macro duckdb__sha256_hex(text) %}sha256({{ text }}){% endmacro %}

{# A number as text with that many decimals, for reasons that people read. #}
{% macro fixed(number, decimals) %}{{ return(adapter.dispatch('fixed')(number, decimals)) }}{% endmacro %}
{% macro duckdb__fixed(number, decimals) %}printf('%.{{ decimals }}f', {{ number }}){% endmacro %}

{# A month as YYYY-MM. #}
{% macro month_text(day) %}{{ return(adapter.dispatch('month_text')(day)) }}{% endmacro %}
{% macro duckdb__month_text(day) %}strftime({{ day }}, '%Y-%m'){% endmacro %}

{# An instant as text, ISO 8601 in UTC, whole seconds. #}
{% macro instant_text(instant) %}{{ return(adapter.dispatch('instant_text')(instant)) }}{% endmacro %}
{% macro duckdb__instant_text(instant) %}strftime(timezone('UTC', {{ instant }}), '%Y-%m-%dT%H:%M:%SZ'){% endmacro %}

{# Stops the query with a message, where a row gets there. #}
{% macro raise_error(message) %}{{ return(adapter.dispatch('raise_error')(message)) }}{% endmacro %}
{% macro duckdb__raise_error(message) %}error({{ message }}){% endmacro %}

{#
  Behind the name of a CTE that is read several times, and each time in a few columns: reading those again is cheaper than
  keeping all of them.
#}
{% macro not_materialized() %}{{ return(adapter.dispatch('not_materialized')()) }}{% endmacro %}
{% macro duckdb__not_materialized() %}not materialized{% endmacro %}
