"""What models spell by dispatch means the same on both engines, at the edges too.

Every macro of engine.sql has a case.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from jinja2 import Environment

from tests.support import spark as settings
from tests.support.warehouse import PROJECT

pytestmark = [
    pytest.mark.skipif(find_spec("pyspark") is None, reason="the extra `spark` is not installed"),
    pytest.mark.skipif(
        not (shutil.which("java") or "JAVA_HOME" in os.environ), reason="there is no Java"
    ),
]
MACROS = PROJECT / "dbt_project" / "macros"
# Not SQL that has a value.
WITHOUT_CASE = {"inlined", "not_materialized", "raise_error"}

INSTANTS = """
{%- for text in [
    '1969-12-31 23:59:59', '1970-01-01 00:00:00', '2026-03-29 00:59:59.999999', '2026-03-29 01:00:00',
    '2026-10-25 00:30:00', '2026-10-25 01:30:00', '2026-12-31 23:59:59', '2028-02-29 12:00:00.000001',
] -%}
select cast('{{ text }}+00:00' as timestamptz) as instant union all
{% endfor -%}
select cast(null as timestamptz) as instant
"""
DAYS = """
{%- for text in [
    '1969-12-31', '1970-01-01', '2026-01-01', '2026-03-29', '2026-10-25', '2027-01-03', '2027-01-04',
    '2028-02-29', '2024-12-30',
] -%}
select cast('{{ text }}' as date) as day union all
{% endfor -%}
select cast(null as date) as day
"""
NUMBERS = """
{%- for text in [
    '0', '0.5', '-0.5', '46.345', '2.675', '1.005', '0.0005', '0.00012345', '-0.0025', '1234567.891', '100',
    '0.1', '33.333333333333336', '1e15', '0.125', '0.375',
] -%}
select cast('{{ text }}' as double) as number union all
{% endfor -%}
select cast(null as double) as number
"""
GROUPS = """
select 'a' as team, 'x' as name, 1 as place, 0.5 as score union all
select 'a', 'y', 2, 0.0005 union all
select 'a', cast(null as varchar), 3, 7 union all
select 'b', cast(null as varchar), 1, 1.5 union all
select 'c', 'it''s "q" \\\\ é', 2, cast(null as decimal(5, 4)) union all
select 'c', 'w', cast(null as integer), 2
"""
TEXTS = """
{%- for text in ['', 'a', 'a|b||c', '|', 'aXbX', 'Xé X', 'zendesk:12', 'arn:x/y/z-1', 'a\nX'] -%}
select '{{ text }}' as text union all
{% endfor -%}
select cast(null as varchar) as text
"""
PAYLOADS = """
{%- for text in [
    '{"a": null, "n": 1.5, "list": [{"s": "z", "n": 2}, {"n": 3}, {"s": "b"}], "k.x": "dotted"}',
    '{"a": "it has \\\\"quotes\\\\" and \\\\u00e9", "n": 2, "list": []}',
    '{"a": true, "n": -0.25, "list": null, "deep": {"b": [1, 2], "c": {}}}',
    '{"a": "2026-10-25T01:30:00.250Z", "n": 12345678901, "list": [{"s": "2026-01-01", "n": null}]}',
    '{}',
] -%}
select '{{ text }}' as payload union all
{% endfor -%}
select cast(null as varchar) as payload
"""
STRUCTURE = "{'a': 'varchar', 'n': 'double', 'list': [{'s': 'varchar', 'n': 'bigint'}]}"

CASES = {
    "epoch_seconds": "select {{ epoch_seconds('instant') }} from ({INSTANTS})",
    "epoch_microseconds": "select {{ epoch_microseconds('instant') }} from ({INSTANTS})",
    "epoch_milliseconds": "select {{ epoch_milliseconds('instant') }} from ({INSTANTS})",
    "from_epoch_seconds": (
        "select {{ epoch_microseconds(from_epoch_seconds(epoch_seconds('instant'))) }} from ({INSTANTS})"
    ),
    "from_epoch_microseconds": (
        "select {{ epoch_microseconds(from_epoch_microseconds(epoch_microseconds('instant'))) }}"
        " from ({INSTANTS})"
    ),
    "add_seconds": (
        "select {{ epoch_microseconds(add_seconds('instant', '-90')) }},"
        " {{ epoch_microseconds(add_seconds('instant', 'cast(null as bigint)')) }} from ({INSTANTS})"
    ),
    "instant_text": "select {{ instant_text('instant') }} from ({INSTANTS})",
    "local_date": """
        {%- for zone in ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia'] %}
        select '{{ zone }}', {{ local_date('instant', "'" ~ zone ~ "'") }} from ({INSTANTS})
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    """,
    # Nights whose midnight comes twice, or not at all.
    "first_second_of_local_date": """
        {%- for zone, day in [
            ('UTC', '2026-10-25'), ('Europe/Berlin', '2026-10-25'), ('Europe/Berlin', '2026-03-29'),
            ('America/Havana', '2025-11-02'), ('America/Havana', '2026-03-08'), ('Asia/Beirut', '2026-03-29'),
            ('America/Sao_Paulo', '2018-11-04'), ('America/Asuncion', '2024-03-24'), ('Africa/Cairo', '2026-10-30'),
            ('Atlantic/Azores', '2026-10-25'), ('Australia/Lord_Howe', '2026-04-05'),
        ] %}
        select '{{ zone }}', {{ first_second_of_local_date("date '" ~ day ~ "'", "'" ~ zone ~ "'") }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    """,
    "last_known": (
        "select team, place, {{ last_known('name') }} over ("
        "partition by team order by place nulls first rows between unbounded preceding and current row"
        ") from ({GROUPS})"
    ),
    "day_number": "select {{ day_number('day') }} from ({DAYS})",
    "date_of_day_number": "select {{ date_of_day_number(day_number('day') ~ ' - 1') }} from ({DAYS})",
    "add_days": "select {{ add_days('day', '-60') }}, {{ add_days('day', '1') }} from ({DAYS})",
    "month_start": "select {{ month_start('day') }} from ({DAYS})",
    "month_end": "select {{ month_end('day') }} from ({DAYS})",
    "week_start": "select {{ week_start('day') }} from ({DAYS})",
    "month_text": "select {{ month_text('day') }} from ({DAYS})",
    "iso_part": (
        "select {{ iso_part('year', 'day') }}, {{ iso_part('week', 'day') }}, {{ iso_part('weekday', 'day') }}"
        " from ({DAYS})"
    ),
    "explode_numbers": """
        select {{ explode_numbers('bounds.low', 'bounds.high') }} as number
        from (
            select cast(1 as bigint) as low, cast(3 as bigint) as high
            union all select 5, 5
            union all select 5, 3
            union all select cast(null as bigint), 3
        ) as bounds
    """,
    "sha256_hex": "select {{ sha256_hex('text') }} from ({TEXTS})",
    # Which number it is engines may choose: equal values have equal ones, other values others.
    "number_of": """
        select one.text as one_text, other.text as other_text,
            {{ number_of(['nullif(one.text, one.text)']) }} is not null as is_known
        from ({TEXTS}) as one
        inner join ({TEXTS}) as other
            on {{ number_of(['one.text', 'other.text']) }} = {{ number_of(['other.text', 'one.text']) }}
        where one.text is not null and other.text is not null
    """,
    "fixed": (
        "select {{ fixed('number', 1) }}, {{ fixed('number', 2) }}"
        " from ({NUMBERS}) where number is null or number < 1e9"
    ),
    "number_text": "select {{ number_text('number') }} from ({NUMBERS}) where number is null or number < 1e7",
    "exact_text": """
        {%- for type in ['bigint', 'double', 'decimal(38, 9)', 'decimal(38,18)', 'decimal(18, 2)'] %}
        select '{{ type }}', {{ exact_text('cast(number as ' ~ type ~ ')', type) }}
        from (select cast(least(floor(number), 99999) as bigint) as number from ({NUMBERS}))
        union all
        {%- endfor %}
        select 'tiny', {{ exact_text("cast('0.000000000000000123' as decimal(38, 18))", 'decimal(38, 18)') }} union all
        select 'large', {{ exact_text("cast('-12345678901234567890.123456789' as decimal(38, 9))", 'decimal(38, 9)') }}
        union all
        select 'day', {{ exact_text("date '2026-10-25'", 'date') }} union all
        select 'yes', {{ exact_text('1 = 1', 'boolean') }}
    """,
    "arg_max": (
        "select team, {{ arg_max('name', 'place') }}, {{ arg_max('name', 'place') }} filter (where place < 2)"
        " from ({GROUPS}) group by team"
    ),
    "arg_min": (
        "select team, {{ arg_min('name', 'place') }}, {{ arg_min('name', 'place') }} filter (where place > 1)"
        " from ({GROUPS}) group by team"
    ),
    "median_of": """
        select key % 3, {{ median_of('number') }}
        from (select number, cast(floor(number * 10) as bigint) as key from ({NUMBERS}))
        where number is null or number < 1e7
        group by all
        union all
        select 9, {{ median_of('number') }}
        from (
            select cast('0.0056179775280898875' as double) as number
            union all select cast('0.15228426395939088' as double)
        )
    """,
    "joined_text": (
        "select team, {{ joined_text('name', ', ', ['place', 'name']) }} from ({GROUPS})"
        " where name is not null and place is not null group by team"
    ),
    "matches": (
        "select text, {{ matches('text', '[a-z]X') }}, {{ matches('text', '\\\\s') }} from ({TEXTS})"
    ),
    "fully_matches": (
        "select text, {{ fully_matches('text', '[a-z_]+:.+') }}, {{ fully_matches('text', 'a|aX') }} from ({TEXTS})"
    ),
    "replace_matches": "select text, {{ replace_matches('text', 'X ?', '(x)') }} from ({TEXTS})",
    "first_match": (
        "select text, {{ first_match('text', '[^/]+$') }}, {{ first_match('text', '[0-9]+') }} from ({TEXTS})"
        " where text not like '%' || chr(10) || '%'"
    ),
    "split_list": """
        select text, {{ list_length(split_list('text', '|')) }},
            {%- for place in [1, 2, 4, 9] %}
            {{ list_item(split_list('text', '|'), place) }},
            {%- endfor %}
        from ({TEXTS})
    """,
    "list_item": "select {{ list_item(split_list('text', '|'), 2) }} from ({TEXTS})",
    "list_length": "select {{ list_length(split_list('text', '|')) }} from ({TEXTS})",
    "explode_list": "select text, {{ explode_list(split_list('text', '|')) }} as item from ({TEXTS})",
    "explode_with_places": (
        "select text, {{ explode_with_places(split_list('text', '|'), 'place', 'item') }} from ({TEXTS})"
    ),
    "record": (
        "select {{ json_text(record({'team': 'team', 'name': 'name', 'place': 'place'})) }} from ({GROUPS})"
    ),
    "record_list": """
        select
            team,
            {{ json_text(record_list({'name': 'name', 'place': 'place'}, ['place', 'name'])) }},
            {{ json_text(record_list({'name': 'name'}, ['place', 'name'], 'place > 1')) }},
        from ({GROUPS})
        where place is not null
        group by team
    """,
    "known_items": """
        select {{ json_text(known_items(["case when place > 1 then 'late' end", 'name'])) }}
        from ({GROUPS})
    """,
    "or_empty_list": """
        select team, {{ json_text(or_empty_list('records')) }}
        from (
            select team, case when team != 'b' then {{ record_list({'place': 'place'}, ['place']) }} end as records
            from ({GROUPS}) where place is not null group by team
        )
    """,
    "json_text": """
        select
            {{ json_text(record({
                'number': 'number', 'whole': 'cast(7 as bigint)', 'day': "date '2026-10-25'", 'yes': 'number > 0',
            })) }},
        from ({NUMBERS})
        where number is null or abs(number) < 1e7
    """,
    "json_texts": """
        select text
        from (
            select {{ explode_list(json_texts('payload', '$.list', 's')) }} as text from ({PAYLOADS})
        )
    """,
    "json_record": """
        select read.a, read.n, {{ list_length('read.list') }}, {{ json_text('read.list') }}
        from (select {{ json_record('payload', {STRUCTURE}) }} as read from ({PAYLOADS}))
    """,
    "json_items_or_whole": """
        select item ->> '$.s', item ->> '$.n'
        from (
            select {{ explode_list(json_items_or_whole('payload', '$.list')) }} as item from ({PAYLOADS})
        )
    """,
    "join_first_after": """
        with
        began as (
            select 1 as agent, 10 as began_at union all select 1, 20 union all select 2, 10 union all select 3, 1
        ),
        ended as (
            select 1 as agent, 10 as ended_at union all select 1, 15 union all select 1, 15 union all select 2, 9
            union all select 3, cast(null as integer)
        )
        select began.agent, began.began_at, ended.ended_at
        from began
        {{ join_first_after('began', 'began_at', 'ended', 'ended_at', 'agent') }}
    """,
    # What `as_spark_spells` respells.
    "json paths": """
        select payload ->> '$.a', payload ->> '$.n', payload ->> '$."k.x"', payload ->> '$.deep',
            payload ->> '$.deep.b', payload ->> '$.list[1].n', payload ->> '$.none',
        from ({PAYLOADS})
    """,
    "whole division": "select number // 7, number % 7 from (select -15 as number union all select 15)",
    "ignored nulls": """
        select team, place, last_value(name ignore nulls) over (
            partition by team order by place nulls last rows between unbounded preceding and current row
        ), first_value(name) over (partition by team order by place desc nulls last)
        from ({GROUPS})
    """,
    "trailing commas and names of types": (
        "select named.* exclude (place, score), cast('7' as varchar), from ({GROUPS}) as named where place = 1"
    ),
}


def case_of(name: str, engine: str) -> str:
    """The query of a case as an engine gets it."""
    sources = [(MACROS / "engine.sql").read_text(), (MACROS / "spark.sql").read_text()]
    macros = re.sub(
        r"\{% materialization .*?endmaterialization %\}", "", "".join(sources), flags=re.DOTALL
    )
    environment = Environment(extensions=["jinja2.ext.do"], autoescape=False)

    class Adapter:
        """Finds the macro of the engine, as dbt does."""

        @staticmethod
        def dispatch(macro: str) -> Any:
            return lambda *args: getattr(module, f"{engine}__{macro}")(*args)

    environment.globals |= {
        "adapter": Adapter,
        # dbt's own takes a value out of a macro: here all are text.
        "return": lambda value: value,
        "modules": {"re": re},
        "tojson": json.dumps,
    }
    module: Any = environment.from_string(macros).module
    environment.globals |= {
        name: value for name, value in vars(module).items() if not name.startswith("_")
    }
    relations = {
        "INSTANTS": INSTANTS,
        "DAYS": DAYS,
        "NUMBERS": NUMBERS,
        "GROUPS": GROUPS,
        "TEXTS": TEXTS,
        "PAYLOADS": PAYLOADS,
        "STRUCTURE": STRUCTURE,
    }
    text = CASES[name]
    for relation, sql in relations.items():
        text = text.replace("{" + relation + "}", sql)
    query = environment.from_string(text).render()
    return str(module.as_spark_spells(query)) if engine == "spark" else query


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    from pyspark.sql import SparkSession

    profile = yaml.safe_load((PROJECT / "profiles.yml").read_text())
    target = profile["scorehouse"]["outputs"]["spark"]
    builder = SparkSession.builder
    for key, value in target["server_side_parameters"].items():
        if "{{" not in value:
            builder = builder.config(key, value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(Path(settings.__file__).parent))
        session = (
            builder.master("local[1]")
            .config("spark.driver.memory", "1g")
            .config("spark.sql.shuffle.partitions", "1")
            .getOrCreate()
        )
        yield session
        session.stop()


@pytest.mark.parametrize("name", CASES)
def test_both_engines_say_the_same(name: str, session: Any) -> None:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        expected = connection.execute(case_of(name, "duckdb")).fetchall()
    found = [tuple(row) for row in session.sql(case_of(name, "spark")).collect()]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    assert expected


def test_every_macro_that_engines_spell_differently_has_a_case() -> None:
    macros = set(re.findall(r"macro spark__(\w+)\(", (MACROS / "engine.sql").read_text()))
    assert macros - set(CASES) == WITHOUT_CASE
