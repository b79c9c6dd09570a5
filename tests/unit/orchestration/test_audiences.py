"""Databases per audience over the golden marts made nasty: what an audience may not know is looked for in its file."""

import csv
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import Home, UnusableInput
from orchestration import access, audiences, closing, pseudonyms, publication
from orchestration.project import MANIFEST
from tests.golden.marts import GOLDEN
from tests.support import golden_home
from tests.support.golden_home import PATHLIKE, text_values
from tests.support.warehouse import compiled_nodes

KEY = b"a key for tests alone"
SERVICE, COMMERCE = "managers/Service.duckdb", "managers/sales-ops~12ff688fe89f07f2.duckdb"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Home:
    home = Home(tmp_path_factory.mktemp("audiences"))
    marts = golden_home.publish(home, compiled_nodes(compiled), nasty=True)
    audiences.publish(home, marts, KEY)
    return home


def landed() -> Iterator[tuple[str, str, str]]:
    """(dataset, column, value) of everything that landed."""
    for file in (GOLDEN / "landing").glob("*/*/*.csv"):
        with file.open(encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text):
                yield from ((file.parent.name, name, value) for name, value in row.items() if value)
    for file in (GOLDEN / "landing").glob("*/*/*.ndjson"):
        for line in file.read_text(encoding="utf-8").splitlines():
            for name, value in json.loads(line).items():
                if isinstance(value, str) and value:
                    yield file.parent.name, name, value


def secrets_of_landing() -> dict[str, set[str]]:
    """What a reader without names may not find, by what it is."""
    people = ("name", "email", "phone")
    ids = {v for d, c, v in landed() if d == "agents" and c == "agent_id"}
    return {
        "people": {v for d, c, v in landed() if d == "agents" and c in people},
        "ids": ids | {v for _, c, v in landed() if re.fullmatch(r"(agent|supervisor|evaluator)_id", c)},
        "customers": {v for _, c, v in landed() if c in ("customer_id", "case_id")},
        "records": {v for d, c, v in landed() if c in ("interaction_id", "ticket_id", "lead_id", "event_id")},
        "free text": {v for _, c, v in landed() if c in ("notes", "agent_response", "description")},
        "planted": {"O'Alba", "jo.doe+x@shop.example", "(212) 555-0003", "drop schema", "Lea Lang"},
    }  # fmt: skip


def mentions(value: str, secret: str) -> bool:
    """Whether a text has another one in it, not as a part of a longer word."""
    if secret.casefold() not in value.casefold():
        return False
    return re.search(rf"(?<![^\W_]){re.escape(secret)}(?![^\W_])", value, re.IGNORECASE) is not None


def query(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(sql).fetchall()


def test_the_search_finds_what_is_there(home: Home) -> None:
    values = {value for _, _, value in text_values(home.published_database)}
    secrets = secrets_of_landing()
    found = {
        what
        for what, words in secrets.items()
        if any(mentions(value, word) for word in words for value in values)
    }
    assert found == set(secrets)


def test_no_value_for_bi_names_anybody(home: Home) -> None:
    secrets = [word for words in secrets_of_landing().values() for word in words]
    leaks = [
        (table, column, value)
        for table, column, value in text_values(audiences.bi_file(home))
        if any(mentions(value, secret) for secret in secrets)
    ]
    assert leaks == []


def test_the_bytes_of_the_bi_file_hold_no_secret_either(home: Home) -> None:
    content = audiences.bi_file(home).read_bytes()
    assert KEY not in content
    secrets = secrets_of_landing()
    for word in secrets["people"] | secrets["free text"]:
        assert word.encode() not in content, word


def test_what_the_quality_gates_found_is_for_who_reads_everything(home: Home) -> None:
    def tables(file: Path) -> set[str]:
        found = query(file, "select table_name from duckdb_tables() where schema_name = 'meta'")
        return {name for (name,) in found}

    described = {"publication", "mart", "mart_column"}
    gates = {"quality_run", "quality_result", "quality_failing_row"}
    assert tables(home.published_database) == described | gates
    assert {file.name: tables(file) for file in audiences.files(home)} == {
        file.name: described for file in audiences.files(home)
    }


def test_an_id_has_the_same_pseudonym_in_every_mart_and_it_is_an_hmac(home: Home) -> None:
    expected = "p" + hmac.new(KEY, b"ana", hashlib.sha256).hexdigest()[:20]
    for mart in ("dim_agent", "fct_agent_day", "monthly_performance_summary", "qa_sample"):
        found = query(audiences.bi_file(home), f"select distinct agent_id from marts.{mart}")
        assert (expected,) in found, mart
    totals = "select sum(handle_seconds) from marts.{} join marts.dim_agent using (agent_id) where is_current"
    for mart in ("fct_interaction", "fct_agent_day", "fct_agent_month"):
        counted = [
            query(f, totals.format(mart))
            for f in (home.published_database, audiences.bi_file(home))
        ]
        assert counted[0] == counted[1] != [(None,)], mart


def test_every_number_and_row_for_bi_is_that_of_the_whole_database(home: Home) -> None:
    for mart in golden_home.marts():
        open_columns = [name for name in mart.types if name not in mart.privacy]
        asked = (
            f"select {', '.join(open_columns) or 'count(*)'} from marts.{mart.name} order by all"
        )
        assert query(audiences.bi_file(home), asked) == query(home.published_database, asked), (
            mart.name
        )


def test_grains_stay_grains(home: Home) -> None:
    for file in audiences.files(home):
        for mart in golden_home.marts():
            grain = ", ".join(mart.grain)
            twice = f"select 1 from marts.{mart.name} group by {grain} having count(*) > 1"
            assert query(file, twice) == [], (file.name, mart.name)


def test_columns_that_nobody_classified_are_left_out() -> None:
    silent = {"data_type": "varchar", "config": {"meta": {}}}
    assert access.privacy_of(silent) == access.Privacy("free_text")
    assert access.privacy_of({**silent, "data_type": "varchar[]"}) == access.Privacy("free_text")
    assert access.privacy_of({**silent, "data_type": "decimal(18, 9)"}) is None
    assert audiences.BI().value("x", access.Privacy("free_text"), access.About()) is None
    assert audiences.BI().value("x", access.Privacy("a typing mistake"), access.About()) is None
    assert access.about_of({}) == access.About()
    assert audiences.Managers("Service").rows(access.About()) == "false"


def test_every_text_column_of_a_mart_says_what_it_may_give_away() -> None:
    nodes = json.loads(MANIFEST.read_bytes())["nodes"].values()
    for node in nodes:
        if node["resource_type"] != "model" or node["schema"] != "marts":
            continue
        if node["config"]["materialized"] == "table_function":
            continue
        assert "about" in node["config"]["meta"], node["name"]
        for column in node["columns"].values():
            said = column["config"]["meta"].get("privacy")
            is_text = access.privacy_of({**column, "config": {}}) is not None
            assert said in access.KINDS if is_text or said else True, (node["name"], column["name"])
            whose = column["config"]["meta"].get("of")
            assert whose is None or whose in node["columns"], (node["name"], column["name"])


# Who is or was in another department alone, and serves none of the department's teams.
STRANGERS = {
    SERVICE: {"cleo": "Cleo Cruz", "hugo": "Hugo Hall"},
    COMMERCE: {"ana": "Ana O'Alba; --", "lea": "Lea Lang", "hana": "Hana Haas"},
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_managers_file_knows_nobody_of_another_department(home: Home, name: str) -> None:
    file = home.published / name
    words = [*STRANGERS[name], *STRANGERS[name].values()]
    for person in STRANGERS[name]:
        words += [v for row in query(
            home.published_database, f"select email, phone from marts.dim_agent where agent_id = '{person}'"
        ) for v in row if v]  # fmt: skip
    leaks = [
        found for found in text_values(file) if any(mentions(found[2], word) for word in words)
    ]
    assert leaks == []


def test_who_moved_is_in_each_department_for_the_days_there(home: Home) -> None:
    asked = "select min(business_date)::varchar, max(business_date)::varchar from marts.{} where agent_id = 'ben'"
    for mart in ("fct_agent_day", "fct_status_interval", "fct_agent_channel_day"):
        for name, before in ((SERVICE, True), (COMMERCE, False)):
            first, last = query(home.published / name, asked.format(mart))[0]
            assert first, (name, mart)
            assert last < "2026-10-16" if before else first >= "2026-10-16", (name, mart)
    # The month's score is that of the team in which he ended it.
    scores = "select count(*) from marts.{} where agent_id = 'ben' and month = date '2026-10-01'"
    for mart in ("monthly_performance_summary", "agent_kpi_month", "fct_agent_month"):
        assert query(home.published / SERVICE, scores.format(mart)) == [(0,)], mart
        assert query(home.published / COMMERCE, scores.format(mart)) > [(0,)], mart


def test_the_departments_rows_are_those_of_the_whole_database_and_none_is_in_two(
    home: Home,
) -> None:
    whole = home.published_database
    for mart in golden_home.marts():
        if mart.about.is_open or not (mart.about.team or mart.about.period):
            continue
        key = ", ".join(mart.grain)
        asked = f"select {key} from marts.{mart.name} order by all"
        parts = [query(home.published / name, asked) for name in (SERVICE, COMMERCE)]
        everything = query(whole, asked)
        assert set(parts[0]).isdisjoint(parts[1]), mart.name
        assert {*parts[0], *parts[1]} <= set(everything), mart.name
    # Known people's days are all in one department or the other.
    asked = "select {} from marts.fct_agent_day"
    parts_of_sum = [
        query(home.published / name, asked.format("sum(handle_seconds)"))[0][0]
        for name in (SERVICE, COMMERCE)
    ]
    known = "sum(handle_seconds) filter (where team_id is not null)"
    assert sum(parts_of_sum) == query(whole, asked.format(known))[0][0] > 0


def test_units_for_a_manager_are_the_departments_own(home: Home) -> None:
    found = query(
        home.published / COMMERCE,
        "select distinct level, unit_id from marts.fct_organisation_month",
    )
    assert found == [("department", PATHLIKE)]
    assert query(home.published / SERVICE, "select count(*) from marts.fct_coaching_effect") == [
        (0,)
    ]
    assert query(home.published / SERVICE, "select count(*) > 0 from marts.dim_kpi_target") == [
        (True,)
    ]


def test_functions_are_there_where_what_they_read_is(home: Home) -> None:
    asked = "select distinct function_name from duckdb_functions() where schema_name = 'marts'"
    whole = {name for (name,) in query(home.published_database, asked)}
    bi = {name for (name,) in query(audiences.bi_file(home), asked)}
    # Reasons of a clock-out are free text.
    assert whole - bi == {"unit_clock_out_figures"}
    assert {name for (name,) in query(home.published / SERVICE, asked)} == whole
    figures = "select sum({}) from marts.unit_figures('2026-10-01', '2026-10-31', 'month') where level = '{}'"
    for part in ("handled_contacts", "logged_in_seconds"):
        whole_sum = query(home.published_database, figures.format(part, "agent"))
        assert query(audiences.bi_file(home), figures.format(part, "agent")) == whole_sum
    shown = query(audiences.bi_file(home), "select mart, name from meta.mart_column")
    assert ("dim_agent", "role") in shown
    assert ("dim_agent", "email") not in shown
    assert "unit_clock_out_figures" not in {mart for mart, _ in shown}


def test_files_are_private_and_names_of_departments_stay_in_their_folder(home: Home) -> None:
    assert [file.relative_to(home.published).as_posix() for file in audiences.files(home)] == [
        "bi.duckdb", SERVICE, COMMERCE,
    ]  # fmt: skip
    assert {file.stat().st_mode & 0o777 for file in audiences.files(home)} == {0o600}
    assert audiences.managers_folder(home).stat().st_mode & 0o777 == 0o700
    assert [p for p in home.published.rglob("*") if p.name.startswith(".")] == []


class TestPublishing:
    @pytest.fixture
    def home(self, tmp_path: Path) -> Home:
        home = Home(tmp_path)
        self.marts = golden_home.publish(home)
        audiences.publish(home, self.marts, KEY)
        return home

    def test_nothing_changed_is_left_alone_and_what_lacks_is_made(self, home: Home) -> None:
        before = {file: file.stat().st_mtime_ns for file in audiences.files(home)}
        assert audiences.publish(home, self.marts, KEY) == []
        lost = audiences.managers_folder(home) / "Service.duckdb"
        lost.unlink()
        assert audiences.publish(home, self.marts, KEY) == [lost]
        after = {file: file.stat().st_mtime_ns for file in audiences.files(home) if file != lost}
        assert after.items() <= before.items()

    def test_another_key_is_other_pseudonyms_and_a_department_that_went_takes_its_file(
        self, home: Home
    ) -> None:
        ids = "select agent_id from marts.dim_agent order by all"
        before = query(audiences.bi_file(home), ids)
        audiences.publish(home, self.marts, KEY + b"!")
        assert set(query(audiences.bi_file(home), ids)).isdisjoint(before)
        with duckdb.connect(str(home.published_database)) as connection:
            connection.execute(
                "update marts.dim_team set department = 'Service';"
                "update meta.publication set content = 'other'"
            )
        audiences.publish(home, self.marts, KEY)
        assert [file.name for file in audiences.files(home)] == ["bi.duckdb", "Service.duckdb"]

    def test_a_stricter_rule_makes_the_file_anew(self, home: Home) -> None:
        stricter = [
            publication.Mart(
                mart.name, mart.grain, columns=mart.columns, about=mart.about,
                privacy={**mart.privacy, "site": access.Privacy("free_text")},
            )
            for mart in self.marts
        ]  # fmt: skip
        assert audiences.bi_file(home) in audiences.publish(home, stricter, KEY)
        with pytest.raises(duckdb.BinderException):
            query(audiences.bi_file(home), "select site from marts.dim_agent")

    def test_a_crash_while_writing_leaves_the_old_files_and_the_next_close_cleans_up(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = audiences.bi_file(home).read_bytes()
        (home.published / ".bi.duckdb.0.tmp").write_bytes(b"half")

        def crash(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as crashing:
            crashing.setattr(audiences, "_fill", crash)
            with pytest.raises(KeyboardInterrupt):
                audiences.publish(home, self.marts, b"another key altogether")
        assert audiences.bi_file(home).read_bytes() == before
        for folder in (home.reports, home.outbox):
            folder.mkdir()
        closing.clean_up(home)
        assert [p for p in home.published.rglob("*") if p.name.startswith(".")] == []


def test_the_key_is_made_once_and_kept_private_and_a_short_one_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.records.mkdir()
    made = pseudonyms.key_of(home)
    file = home.records / "pseudonym.key"
    assert len(made) == 64
    assert file.stat().st_mode & 0o777 == 0o600
    assert pseudonyms.key_of(home) == made
    assert pseudonyms.key_of(home, "sixteen letters!") == b"sixteen letters!"
    with pytest.raises(UnusableInput, match="SCOREHOUSE_PSEUDONYM_KEY has less than 16") as refused:
        pseudonyms.key_of(home, "hunter2")
    assert "hunter2" not in str(refused.value)
    file.write_text("short\n")
    with pytest.raises(UnusableInput, match=r"pseudonym\.key has less than 16"):
        pseudonyms.key_of(home)


@pytest.mark.parametrize("key", [b"k" * 16, b"k" * 64, b"k" * 200])
@pytest.mark.parametrize("value", ["A1", "Łódź 😀", "'; --", ""])
def test_a_pseudonym_is_the_standard_keyed_hash(key: bytes, value: str) -> None:
    with duckdb.connect() as connection:
        pseudonyms.define(connection, key)
        found = connection.execute("select pseudonym(?)", [value]).fetchone()
    assert found == ("p" + hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:20],)
