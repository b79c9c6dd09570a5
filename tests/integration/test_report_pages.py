"""The shipped pages over a closed month: every figure leads back to its row, and nobody reads about others."""

import re
import shutil
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import unquote

import duckdb
import pytest

import reports
from reports.formats import raw_text
from reports.privacy import lint_reports
from reports.site import load_pages
from reports.warehouse import Warehouse
from tests.integration.scenes import PERIODS, Run

pytestmark = pytest.mark.timeout(1800)

ADDRESS = re.compile(
    r"(?P<mart>\w+)(?:\((?P<arguments>[^()]*)\))?\?(?P<keys>[^#]*)#(?P<column>\w+)(?:@r\d+)?"
)


class Figures(HTMLParser):
    """The figures of a page: what they are by machine, what is printed, and where they say they come from."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "data":
            self.found.append((values["value"] or "", values.get("data-address")))


def figures(folder: Path) -> Iterator[tuple[Path, str, str | None]]:
    for path in sorted(folder.rglob("*.html")):
        parser = Figures()
        parser.feed(path.read_text(encoding="utf-8"))
        yield from ((path.relative_to(folder), value, address) for value, address in parser.found)


class Lookup:
    """Finds a figure in the published database by its address alone."""

    def __init__(self, database: Path) -> None:
        self._connection = duckdb.connect(str(database), read_only=True)
        self._connection.execute("set TimeZone = 'UTC'")
        self._rows: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], dict[str, Any]]] = {}

    def value(self, address: str) -> object:
        parts = ADDRESS.fullmatch(address)
        assert parts, address
        keys = dict(pair.split("=", 1) for pair in parts["keys"].split("&") if pair)
        relation = parts["mart"]
        if parts["arguments"] is not None:
            given = filter(None, parts["arguments"].split(","))
            relation += f"({', '.join(map(argument, given))})"
        names = tuple(keys)
        if (relation, names) not in self._rows:
            found = self._connection.execute(f"from marts.{relation}")
            columns = [column[0] for column in found.description]
            rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
            self._rows[relation, names] = {tuple(str(r[n]) for n in names): r for r in rows}
            assert len(self._rows[relation, names]) == len(rows), f"{names} name no single row"
        return self._rows[relation, names][tuple(unquote(v) for v in keys.values())][
            parts["column"]
        ]


def argument(text: str) -> str:
    name, equals, value = text.rpartition("=")
    written = value if value == "null" else f"'{value}'"
    return f"{name} := {written}" if equals else written


@pytest.mark.parametrize("cadence", PERIODS)
def test_every_figure_is_the_value_at_its_address(
    closed: Run, cadences: Mapping[str, Path], cadence: str
) -> None:
    lookup = Lookup(closed.home.published_database)
    checked, wrong, homeless = 0, [], []
    for path, value, address in figures(cadences[cadence]):
        if address is None:
            homeless.append((path, value))
            continue
        found = lookup.value(address)
        if raw_text(found) != value:
            wrong.append((path, value, address, found))
        checked += 1
    assert (wrong[:10], homeless[:10]) == ([], [])
    assert checked > (5 if cadence == "now" else 50)


@pytest.mark.parametrize(
    ("cadence", "step"),
    [
        # Every subject of the month; of the other cadences every third, here.
        *((cadence, 1 if cadence == "month" else 3) for cadence in PERIODS),
        *(
            pytest.param(cadence, 1, marks=pytest.mark.long)
            for cadence in sorted(PERIODS.keys() - {"month"})
        ),
    ],
)
def test_queries_for_all_at_once_say_what_each_alone_says(
    closed: Run, cadence: str, step: int
) -> None:
    compared, slow = 0, []
    with Warehouse(closed.home.published_database, PERIODS[cadence]) as warehouse:
        parameters = PERIODS[cadence].parameters
        for page in load_pages():
            if page.subjects is None or cadence not in page.cadences:
                continue
            subjects = warehouse.keep_subjects(
                page.composed(page.queries[page.subjects]), parameters
            )
            for query in page.queries.values():
                if query.name == page.subjects:
                    continue
                sql = page.composed(query)
                with patch.object(warehouse, "query", wraps=warehouse.query) as each:
                    together = warehouse.query_subjects(
                        query.name, sql, parameters, subjects, 0, len(subjects.rows)
                    )
                if query in page.shown and each.call_count > 1:
                    slow.append((page.name, query.name))
                both = list(zip(together, subjects.rows.values, strict=True))
                for rows, own in both[::step]:
                    alone = warehouse.query(
                        query.name,
                        sql,
                        {**parameters, **dict(zip(subjects.rows.columns, own, strict=True))},
                    )
                    assert rows.columns == alone.columns
                    assert rows.values == alone.values, (page.name, query.name, own)
                    compared += len(alone)
    assert compared > 0 or cadence == "now"
    assert slow == [], "order by columns that the query selects, so that it runs once for all"


@pytest.mark.parametrize("cadence", ["day", "week", "month", "period"])
def test_no_report_names_anybody_it_is_not_about(
    closed: Run, cadences: Mapping[str, Path], cadence: str
) -> None:
    period, folder = PERIODS[cadence], cadences[cadence]
    files = [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".html", ".pdf")
    ]
    leaks = lint_reports(
        folder, closed.home.published_database, files, period.starts_on, period.ends_on
    )
    assert leaks == []


def test_rendering_anew_gives_the_same_bytes(
    closed: Run, cadences: Mapping[str, Path], tmp_path: Path
) -> None:
    reports.render_reports(closed.home.published_database, PERIODS["week"], tmp_path)
    again = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    first = cadences["week"]
    assert again == {p.relative_to(first): p.read_bytes() for p in first.rglob("*") if p.is_file()}
    assert len(again) > 50


def test_a_file_that_names_somebody_else_is_removed_and_made_again(
    closed: Run, cadences: Mapping[str, Path], tmp_path: Path
) -> None:
    database, week = closed.home.published_database, PERIODS["week"]
    out = Path(shutil.copytree(cadences["week"], tmp_path / "week"))
    one, other = sorted((out / "agents").glob("*.html"))[:2]
    sound = one.read_text(encoding="utf-8")
    one.write_text(sound.replace("</h1>", f"</h1><p>as {other.stem}</p>", 1), encoding="utf-8")
    leaks = reports.remove_leaks(out, database, week)
    assert {(leak.file, leak.person_id, leak.kind) for leak in leaks} == {
        (f"agents/{one.name}", other.stem, "id")
    }
    assert not one.exists()
    assert other.exists()
    reports.render_reports(database, week, out)
    assert one.read_text(encoding="utf-8") == sound
    assert reports.remove_leaks(out, database, week) == []


def test_what_has_passed_is_not_read_again(
    closed: Run, cadences: Mapping[str, Path], tmp_path: Path
) -> None:
    database, day = closed.home.published_database, PERIODS["day"]
    out = Path(shutil.copytree(cadences["day"], tmp_path / "day"))
    assert reports.remove_leaks(out, database, day) == []
    page = next((out / "agents").glob("*.html"))
    page.write_bytes(b"\xff")
    assert reports.remove_leaks(out, database, day) == []
    (out / "checked.json").unlink()
    with pytest.raises(reports.ReportError, match="cannot be read"):
        reports.remove_leaks(out, database, day)
