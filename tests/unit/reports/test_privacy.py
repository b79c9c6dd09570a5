"""The linter finds every trace of somebody else, and raises no alarm without one."""

import csv
import json
import re
import shutil
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scripts import NAMES

from reports.charts import Series, Texts, bar_chart
from reports.csvfile import csv_address, csv_text
from reports.document import Attachment, Block, Chart, Document, Heads, Link, Paragraph, Table, Text
from reports.errors import ReportError
from reports.html import page_html
from reports.pdf import PdfWriter
from reports.privacy import (
    WITHHELD,
    Bystanders,
    Discretion,
    Leak,
    Person,
    find_other_people,
    lint_reports,
)
from reports.rows import Rows
from reports.storage import Storage

ADA = Person("A-1", ("Ada Lovelace",), "ada@example.org", "+1 (200) 555-0113")
BOB = Person("A-10", ("Robert Ó Briain", "Bob Smith"), "bob.o'brian@example.org", "+12005550114")
PEOPLE = [
    ADA,
    BOB,
    Person("77", ("May",)),
    Person("CON", ("Will",)),
    Person("X/ 9", ("Grace Day",)),
    Person("A-3", ("Grace Day",)),
    Person("A-4", ("Ada Lovelace Byron",)),
    Person("李", ("李小龍",)),
    Person("A-6", ("محمد بن سلمان",)),
    Person("A-7", ("สมชาย",)),
    Person("50%41-x", ('Íñigo "Q" Σάκης',), "a%20b@example.org", "2005550115"),
    Person("A-9", ("İpek Ağaoğlu", "ΝΙΚΟΣ ΣΑΣ", "李Σ"), "İ.ΣΑΣ@example.org"),
    Person("A-12", ("🙂", "김 철수")),
]
OWN = {"A-1"}

Writer = Callable[[str, bytes | str], list[Leak]]


@pytest.fixture(scope="module")
def pdf_writer() -> PdfWriter:
    return PdfWriter()


@pytest.fixture
def lint(tmp_path: Path) -> Writer:
    """A function that writes one file about Ada and lints it."""

    def write(path: str, content: bytes | str, allowed: set[str] = OWN) -> list[Leak]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content.encode() if isinstance(content, str) else content)
        return find_other_people(tmp_path, PEOPLE, {path: allowed})

    return write


def document(*blocks: Block, **more: object) -> Document:
    base = Document(
        [Text("Performance of "), Text("Ada Lovelace", isolate=True)],
        "Ada Lovelace",
        "May 2026",
        "Revision 1",
        "f" * 64,
        [("Period", "May 2026")],
        [Paragraph([Text("Ada Lovelace (A-1), ada@example.org, 200 555 0113")]), *blocks],
        timestamp=datetime(2026, 6, 2, tzinfo=UTC),
    )
    return replace(base, **more)  # type: ignore[arg-type]


def page_with(csv_file: str) -> str:
    return f'<p>x</p><a href="{csv_address(csv_file)}" download="x.csv">x</a>'


def found(leaks: list[Leak]) -> set[tuple[str, str]]:
    return {(leak.person_id, leak.kind) for leak in leaks}


def chart(label: str) -> Chart:
    texts = Texts("Scores", "Two bars.", "Name", "Score")
    drawn = bar_chart([label, "Ada"], [Series("Score", [1.0, 2.0])], texts)
    return Chart("Scores", "Two bars.", drawn)


@pytest.mark.parametrize(
    ("body", "person", "kind"),
    [
        ("<p>See A-10.</p>", "A-10", "id"),
        ("<p>See X/ 9 too</p>", "X/ 9", "id"),
        ("<p>Rob<b>ert</b> Ó\n<i>Bri</i>ain</p>", "A-10", "name"),
        ("<p>ROBERT O\u0301 BRIAIN</p>", "A-10", "name"),
        ("<p>Ro&#98;ert&nbsp;Ó<br>Bria\u00adin</p>", "A-10", "name"),
        ("<p>formerly bob smith</p>", "A-10", "name"),
        ("<td>bob.o&#39;brian@example.org</td>", "A-10", "e-mail"),
        ('<a href="mailto:bob.o%27brian@example.org">x</a>', "A-10", "e-mail"),
        ("<p>call 1-200-555-0114</p>", "A-10", "phone"),
        ('<td title="of Robert Ó Briain">x</td>', "A-10", "name"),
        ('<td data-row="A-10|csat">x</td>', "A-10", "id"),
        ('<a href="../agents/77.html">x</a>', "77", "id"),
        ('<a href="../agents/77-r2.pdf">x</a>', "77", "id"),
        ("<svg><text>Robert <tspan>Ó Briain</tspan></text></svg>", "A-10", "name"),
        ("<svg><desc>lowest (A-10)</desc></svg>", "A-10", "id"),
        ("<!-- A-10 -->", "A-10", "id"),
        ('<script type="application/json">["A-10"]</script>', "A-10", "id"),
        ("<td><bdi>May</bdi></td>", "77", "name"),
        ("<td><bdi>7</bdi><bdi>77</bdi></td>", "77", "id"),
        ("<p><bdi>CON</bdi></p>", "CON", "id"),
        ("<p>Grace Day</p>", "A-3", "name"),
        ("<p>Ada Lovelace Byron</p>", "A-4", "name"),
        ("<p>與李小龍談話</p>", "李", "name"),
        ("<td>محمد بن سلمان</td>", "A-6", "name"),
        ("<p>คุณสมชายใจดี</p>", "A-7", "name"),
    ],
)
def test_a_foreign_trace_in_a_page_is_found(
    lint: Writer, body: str, person: str, kind: str
) -> None:
    page = page_html(document(), "../", []).replace("</main>", f"{body}</main>")
    assert body in page
    assert found(lint("agents/A-1.html", page)) == {(person, kind)}


@pytest.mark.parametrize(
    "body",
    [
        "<p>May 2026: you may and will; Will Day, grace period. May</p>",
        "<p>Grace, Day 77 of CON: 77 contacts. Lovelace</p>",
        "<p>A-100, A-1, QA-10, A-10x; Ada</p><p>Ada Lovelace</p><p>Robert</p><p>Ó Briain</p>",
        '<td data-sort="77">77</td><td><bdi>776</bdi></td>',
        "<p>李小</p><p>محمد بن</p><p>2005550114000</p><p>xbob.o'brian@example.org.example</p>",
        '<a href="../agents/A-1.html">me</a>',
    ],
)
def test_words_and_numbers_are_no_alarm(lint: Writer, body: str) -> None:
    page = page_html(document(), "../", []).replace("</main>", f"{body}</main>")
    assert lint("agents/A-1.html", page) == []


def test_a_person_whose_name_is_a_word_has_a_quiet_report(lint: Writer) -> None:
    text = "<p>May, <bdi>May</bdi>, <bdi>77</bdi> in May 2026 with Will</p>"
    assert lint("agents/77.html", text, {"77"}) == []
    assert found(lint("agents/77.html", text, {"CON"})) == {("77", "name"), ("77", "id")}


def test_a_shared_name_counts_when_no_bearer_may_appear(lint: Writer) -> None:
    assert lint("x.html", "<p>Grace Day</p>", {"A-3"}) == []
    assert lint("x.html", "<p>Grace Day</p>", {"X/ 9"}) == []
    assert len(lint("x.html", "<p>Grace Day</p>", {"A-1"})) == 1


def test_a_name_within_a_name_is_the_longer_ones(lint: Writer, tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("<p>Sir Bob Smith of Ely</p>", encoding="utf-8")
    people = [*PEOPLE, Person("A-5", ("Sir Bob Smith of Ely",))]
    assert find_other_people(tmp_path, people, {"x.html": {"A-5"}}) == []
    assert found(find_other_people(tmp_path, people, {"x.html": OWN})) == {("A-5", "name")}


def test_letters_that_share_a_shape_are_told_apart_in_a_pdf(
    lint: Writer, pdf_writer: PdfWriter, tmp_path: Path
) -> None:
    names = ("بتث نبت ثابت", "ثبت نتب بابت", "تثب بنت تابث")
    people = [Person(f"B-{n}", (name,)) for n, name in enumerate(names)]
    for number, name in enumerate(names):
        shown = Paragraph([Text(names[number - 1]), Text(" and "), Text(name, isolate=True)])
        (tmp_path / "a.pdf").write_bytes(pdf_writer.write(document(shown)))
        leaks = find_other_people(tmp_path, people, {"a.pdf": {people[number - 1].agent_id}})
        assert {leak.person_id for leak in leaks} == {f"B-{number}"}


def test_the_place_is_told(lint: Writer, tmp_path: Path) -> None:
    assert lint("a/x.html", "<p>\nx\n<td title='A-10'>Bob Smith</td>") == [
        Leak("a/x.html", "A-10", "id", "line 3, attribute title of <td>"),
        Leak("a/x.html", "A-10", "name", "line 3, <td>"),
    ]


@pytest.mark.parametrize(
    ("columns", "row", "leaks"),
    [
        (["name", "n"], ("Robert Ó Briain", 1), {("A-10", "name")}),
        (["note"], ("asked A-10, again",), {("A-10", "id")}),
        (["name"], ("May",), {("77", "name")}),
        (["agent_id"], ("77",), {("77", "id")}),
        (["contacts"], (77,), set()),
        (["A-10"], (1,), {("A-10", "id")}),
        (["note"], ("=A-10",), {("A-10", "id")}),
        (["name", "phone"], ("Ada Lovelace", "+12005550114"), {("A-10", "phone")}),
        (["month"], ("May 2026",), set()),
    ],
)
def test_csv_files(
    lint: Writer, columns: list[str], row: tuple[object, ...], leaks: set[tuple[str, str]]
) -> None:
    text = csv_text(Rows("q", columns, [row]))
    assert found(lint("agents/A-1.csv", text)) == leaks
    assert found(lint("agents/A-1.html", page_with(text))) == leaks


def test_a_csv_file_that_a_page_carries_is_read_field_by_field(lint: Writer) -> None:
    """Where a file cannot be read, nobody knows whom it names."""
    page = page_with("name,n\r\nAda Lovelace,1\r\nBob Smith,2\r\n")
    (leak,) = lint("agents/A-1.html", page)
    assert re.fullmatch(r"line \d+, attribute href of <a>: row 3, column name", leak.place)
    for damaged in ("YQ0K/w==", "YQ0K/", "YQ0K&amp;"):
        address = csv_address("").replace("base64,", f"base64,{damaged}")
        with pytest.raises(ReportError, match=r"A-1\.html cannot be read"):
            lint("agents/A-1.html", f'<a href="{address}" download="x">x</a>')


def test_a_chart_is_read(lint: Writer, pdf_writer: PdfWriter) -> None:
    leaky = document(chart("Bob Smith"))
    assert found(lint("agents/A-1.html", page_html(leaky, "../", []))) == {("A-10", "name")}
    assert found(lint("agents/A-1-r1.pdf", pdf_writer.write(leaky))) == {("A-10", "name")}


@pytest.mark.parametrize(
    ("more", "leaks"),
    [
        ({}, set()),
        ({"subject": "Bob Smith"}, {("A-10", "name")}),
        ({"title": [Text("Robert Ó Briain")]}, {("A-10", "name")}),
        ({"definitions": [("Term", "as A-10 has it")]}, {("A-10", "id")}),
        ({"attachments": [Attachment("d.csv", "d", "agent_id,n\r\n77,1\r\n")]}, {("77", "id")}),
        ({"attachments": [Attachment("A-10.csv", "d", "n\r\n1\r\n")]}, {("A-10", "id")}),
        ({"attachments": [Attachment("d.csv", "d", "n,m\r\n77,May 2026\r\n")]}, set()),
    ],
)
def test_the_parts_of_a_pdf(
    lint: Writer, pdf_writer: PdfWriter, more: dict[str, object], leaks: set[tuple[str, str]]
) -> None:
    assert found(lint("agents/A-1-r1.pdf", pdf_writer.write(document(**more)))) == leaks


def test_pdf_text_across_lines_links_and_drawings(lint: Writer, pdf_writer: PdfWriter) -> None:
    narrow = Table("T", [Heads([Text(c)]) for c in "abcdefghij"], [])
    cells = [[Text("Robert Ó Briain" if n == 4 else "1,234,567,890")] for n in range(10)]
    wrapped = document(replace(narrow, rows=[cells]))
    assert ("A-10", "name") in found(lint("a.pdf", pdf_writer.write(wrapped)))
    link = Link("https://example.org/A-10", [Text("here")])
    assert found(lint("a.pdf", pdf_writer.write(document(Paragraph([link]))))) == {("A-10", "id")}
    alt = Chart("T", "as A-10", chart("x").svg)
    assert found(lint("a.pdf", pdf_writer.write(document(alt)))) == {("A-10", "id")}


# An emoji is no word.
ONE_WORD = {"Georgian", "Armenian", "Emoji"}


@pytest.mark.parametrize("script", NAMES)
def test_a_name_in_any_script_is_found_in_page_and_pdf(
    tmp_path: Path, pdf_writer: PdfWriter, script: str
) -> None:
    """Names of one word are found in the page alone, as the linter says."""
    name = NAMES[script]
    people = [ADA, *(Person(f"B-{n}", (other,)) for n, other in enumerate(NAMES.values()))]
    own = f"B-{list(NAMES).index(script)}"
    shown = document(
        Table(
            "Of", [Heads([Text("Name")]), Heads([Text("n")])], [[[Text(name, True)], [Text("1")]]]
        )
    )
    (tmp_path / "a.html").write_text(page_html(shown, "", []), encoding="utf-8")
    (tmp_path / "a.pdf").write_bytes(pdf_writer.write(shown))
    foreign = find_other_people(tmp_path, people, {"a.html": OWN, "a.pdf": OWN})
    places = {leak.file for leak in foreign if leak.person_id == own}
    assert places == ({"a.html"} if script in ONE_WORD else {"a.html", "a.pdf"})
    assert find_other_people(tmp_path, people, {p: {"A-1", own} for p in ("a.html", "a.pdf")}) == []


def test_what_cannot_be_read_is_an_error(lint: Writer, tmp_path: Path) -> None:
    endless = b"Bob Smith " + b"x" * csv.field_size_limit()
    for path, content in (("a.png", b""), ("a.csv", b"\xff"), ("b.csv", endless), ("a.pdf", b"no")):
        with pytest.raises(ReportError, match=f"{path} cannot be read"):
            lint(path, content)
    with pytest.raises(ReportError, match=r"none\.html cannot be read"):
        find_other_people(tmp_path, PEOPLE, {"none.html": OWN})


@pytest.fixture(scope="module")
def staffed(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published database with profiles: A 6 was in team T1 until the tenth."""
    path = shutil.copy(database, tmp_path_factory.mktemp("staffed") / "scorehouse.duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.execute("""
            create or replace table marts.dim_agent as
            select
                agent_id, name, 'mail-' || md5(agent_id) || '@example.org' as email,
                cast(null as varchar) as phone, date '2026-01-01' as valid_from,
                date '2026-09-30' as valid_to, 'T9' as team_id, site, function, department
            from marts.monthly_performance_summary
        """)
        connection.execute(
            "update marts.dim_agent set team_id = 'T1', valid_to = '2026-10-10'"
            " where agent_id = 'A 6'"
        )
    return path


START, END = date(2026, 10, 1), date(2026, 10, 31)


def test_the_finished_reports_of_a_month(closed: Path, staffed: Path, tmp_path: Path) -> None:
    out = shutil.copytree(closed, tmp_path / "out")
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    paths = [file["path"] for file in manifest["files"]]
    assert lint_reports(out, staffed, paths, START, END) == []

    of_team = [f["path"] for f in manifest["files"] if f["subject_id"] == "T/2"]
    page = next(path for path in of_team if path.endswith(".html"))
    content = (out / page).read_text(encoding="utf-8")
    (out / page).write_text(content.replace("</main>", "<p>A/2/../x</p></main>"), encoding="utf-8")
    assert [
        (leak.file, leak.person_id) for leak in lint_reports(out, staffed, paths, START, END)
    ] == [(page, "A/2/../x")]
    other = [path for path in paths if path != page]
    assert lint_reports(out, staffed, other, START, END) == []


@pytest.mark.parametrize(
    ("start", "end", "leaks"),
    [
        (date(2026, 10, 10), END, 0),
        (date(2026, 10, 11), END, 1),
        (START, END, 0),
        (date(2025, 12, 1), date(2026, 1, 1), 0),
        (date(2025, 12, 1), date(2025, 12, 31), 1),
    ],
)
def test_who_was_in_the_unit_may_appear(
    closed: Path, staffed: Path, tmp_path: Path, start: date, end: date, leaks: int
) -> None:
    out = shutil.copytree(closed, tmp_path / "out")
    with duckdb.connect(str(shutil.copy(staffed, tmp_path / "own.duckdb"))) as connection:
        connection.execute("delete from marts.fct_agent_day where agent_id = 'A 6'")
    page = out / "teams" / "T1.html"
    page.write_text("<p>A 6</p>", encoding="utf-8")
    assert len(lint_reports(out, tmp_path / "own.duckdb", ["teams/T1.html"], start, end)) == leaks


@pytest.mark.parametrize(("agent_id", "leaks"), [("A 6", 0), ("A/2/../x", 0), ("李", 1)])
def test_who_has_no_unit_may_appear_with_the_others_without(
    closed: Path, staffed: Path, tmp_path: Path, agent_id: str, leaks: int
) -> None:
    """A 6 has a profile without a department, A/2/../x none on the day of its figures."""
    out = shutil.copytree(closed, tmp_path / "out")
    database = shutil.copy(staffed, tmp_path / "own.duckdb")
    with duckdb.connect(str(database)) as connection:
        connection.execute("delete from marts.monthly_performance_summary")
        connection.execute(
            "update marts.dim_agent set valid_to = null where agent_id not in ('A 6', 'A/2/../x')"
        )
        connection.execute("delete from marts.fct_agent_day where agent_id = 'A 6'")
    manifest = (out / "manifest.json").read_text(encoding="utf-8")
    unit = manifest.replace('"team"', '"department"').replace('"T1"', '"(unknown)"')
    (out / "manifest.json").write_text(unit, encoding="utf-8")
    (out / "teams" / "T1.html").write_text(f"<bdi>{agent_id}</bdi>", encoding="utf-8")
    found_leaks = lint_reports(out, database, ["teams/T1.html"], START, END)
    assert len({leak.person_id for leak in found_leaks}) == leaks


def test_who_worked_in_the_team_on_a_day_may_appear(
    closed: Path, staffed: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(closed, tmp_path / "out")
    database = shutil.copy(staffed, tmp_path / "own.duckdb")
    (out / "teams" / "T1.html").write_text("<p>李小龍</p>", encoding="utf-8")
    assert len(lint_reports(out, database, ["teams/T1.html"], START, END)) == 1
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "update marts.fct_agent_day set team_id = 'T1'"
            " where agent_id = '李' and business_date = '2026-10-03'"
        )
    assert lint_reports(out, database, ["teams/T1.html"], START, END) == []


@pytest.mark.parametrize(
    ("traces", "kinds"),
    [
        (("monthly_performance_summary", "fct_agent_day"), {"id", "name"}),
        (("fct_agent_day",), {"id"}),
        ((), set()),
    ],
)
def test_an_id_without_a_profile_is_known_by_its_figures(
    closed: Path, staffed: Path, tmp_path: Path, traces: tuple[str, ...], kinds: set[str]
) -> None:
    out = shutil.copytree(closed, tmp_path / "out")
    database = shutil.copy(staffed, tmp_path / "own.duckdb")
    (out / "teams" / "T1.html").write_text("<p><bdi>李</bdi> 李小龍</p>", encoding="utf-8")
    with duckdb.connect(str(database)) as connection:
        for table in ("dim_agent", "monthly_performance_summary", "fct_agent_day"):
            if table not in traces:
                connection.execute(f"delete from marts.{table} where agent_id = '李'")
    leaks = lint_reports(out, database, ["teams/T1.html"], START, END)
    assert {leak.kind for leak in leaks} == kinds


def test_what_the_linter_does_not_know_stops_it(
    closed: Path, staffed: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(closed, tmp_path / "out")
    with pytest.raises(ReportError, match="is not in"):
        lint_reports(out, staffed, ["agents/new.html"], START, END)
    manifest = (out / "manifest.json").read_text(encoding="utf-8")
    (out / "manifest.json").write_text(manifest.replace('"team"', '"guild"'), encoding="utf-8")
    with pytest.raises(ReportError, match="no rule for who may appear in a report of kind guild"):
        lint_reports(out, staffed, ["teams/T1.html"], START, END)
    (out / "manifest.json").write_text(manifest.replace('"team"', '"centre"'), encoding="utf-8")
    assert lint_reports(out, staffed, ["teams/T1.html"], START, END) == []
    (out / "manifest.json").unlink()
    with pytest.raises(ReportError, match="render the reports again"):
        lint_reports(out, staffed, ["teams/T1.html"], START, END)


def test_a_database_without_profiles_is_explained(
    closed: Path, database: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(database, tmp_path / "own.duckdb"))
    with duckdb.connect(str(path)) as connection:
        connection.execute("drop table marts.dim_agent")
    with pytest.raises(ReportError, match="build it again"):
        lint_reports(closed, path, ["teams/T1.html"], START, END)
    with pytest.raises(ReportError, match="build it again"):
        Discretion(path, START, END)


NUMBERED = [
    ('<td><bdi data-address="fct_ticket?ticket_id=77#ticket_id">77</bdi></td>', 0),
    ('<td><bdi data-address="unit_figures()?level=team&amp;unit_id=77#unit_id">77</bdi></td>', 0),
    ('<td><bdi data-address="unit_figures()?level=agent&amp;unit_id=77#unit_id">x</bdi></td>', 1),
    ('<td><bdi data-address="fct_ticket?ticket_id=5#agent_id@r2">77</bdi></td>', 1),
    ('<td><data value="1" data-address="agent_kpi_month?agent_id=77&amp;kpi=csat#value">1</data></td>', 1),
    ("<td><bdi>77</bdi></td>", 1),
]  # fmt: skip


@pytest.mark.parametrize(("body", "leaks"), NUMBERED)
def test_a_number_is_an_id_where_people_stand(lint: Writer, body: str, leaks: int) -> None:
    assert len(found(lint("agents/A-1.html", body))) == leaks


@pytest.mark.parametrize(
    ("columns", "row", "leaks"),
    [
        (["ticket_id", "lead_id"], ("77", "77"), 0),
        (["level", "unit_id"], ("team", "77"), 0),
        (["level", "unit_id"], ("agent", "77"), 1),
        (["unit_id"], ("77",), 1),
        (["supervisor_id"], ("77",), 1),
    ],
)
def test_a_number_in_a_csv_file_is_an_id_where_people_stand(
    lint: Writer, columns: list[str], row: tuple[str, ...], leaks: int
) -> None:
    assert len(found(lint("agents/A-1.csv", csv_text(Rows("q", columns, [row]))))) == leaks


@pytest.fixture(scope="module")
def peopled(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published database of a centre of the people of `PEOPLE`, who have no figures."""
    path = Path(shutil.copy(database, tmp_path_factory.mktemp("discreet") / "own.duckdb"))
    with duckdb.connect(str(path)) as connection:
        for mart in ("monthly_performance_summary", "fct_agent_day", "dim_agent"):
            connection.execute(f"delete from marts.{mart}")
        for person in PEOPLE:
            for name in person.names:
                connection.execute(
                    "insert into marts.dim_agent (agent_id, name, email, phone, team_id, valid_from)"
                    " values (?, ?, ?, ?, ?, '2026-01-01')",
                    [person.agent_id, name, person.email, person.phone,
                     "T1" if person.agent_id in ("A-1", "A-3") else "T2"],
                )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def discretion(peopled: Path) -> Discretion:
    return Discretion(peopled, START, END)


def test_members_of_all_units_of_a_kind_are_looked_up_at_once(peopled: Path) -> None:
    class Counting(Storage):
        opened_databases = 0

        def open_database(self, database: Path, name: str) -> duckdb.DuckDBPyConnection:
            self.opened_databases += 1
            return super().open_database(database, name)

    storage = Counting()
    discretion = Discretion(peopled, START, END, storage)
    before = storage.opened_databases
    named = {unit: discretion.text("A-1 and A-10", "team", unit) for unit in ("T1", "T2", "T3")}
    assert named == {
        "T1": f"A-1 and {WITHHELD}",
        "T2": f"{WITHHELD} and A-10",
        "T3": f"{WITHHELD} and {WITHHELD}",
    }
    assert storage.opened_databases == before + 1


def test_texts_that_were_looked_at_are_forgotten_in_time(
    peopled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.privacy._TEXTS_KEPT", 3)
    discretion = Discretion(peopled, START, END)
    known = discretion._known
    for number in [*range(7), *range(7)]:
        assert discretion.text(f"contact {number}", "team", "T1") == f"contact {number}"
        found = discretion.text(f"contact {number} of A-10", "team", "T1")
        assert found == f"contact {number} of {WITHHELD}"
        assert 0 < len(known.harmless) + len(known._seen) <= 3


@pytest.fixture(scope="module")
def bystanders(peopled: Path) -> Bystanders:
    return Bystanders(peopled)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("did well\n and Ada Lovelace too", "did well\n and Ada Lovelace too"),
        ("ask Robert\nÓ  Briain or BOB SMITH", "ask (withheld) or (withheld)"),
        ("bob.o'brian@example.org, A-10; 1-200-555-0114", "(withheld), (withheld); (withheld)"),
        ("Ada Lovelace Byron", "(withheld)"),
        ("with Gra\u00adce Day, A-3", "with (withheld), (withheld)"),
        ("與李小龍談話", "與(withheld)談話"),
        ("May", "(withheld)"),
        ("in May 2026", "in May 2026"),
        ("77", "77"),
        ("A-100 and QA-10", "A-100 and QA-10"),
    ],
)
def test_a_text_comes_without_the_others(discretion: Discretion, text: str, shown: str) -> None:
    rows = discretion.rows(Rows("q", ["n", "note"], [(1, "x"), (None, text)]), "agent", "A-1")
    assert rows.values == ((1, "x"), (None, shown))


def test_whoever_may_appear_stays(discretion: Discretion) -> None:
    rows = Rows("q", ["note"], [("Grace Day",), ("May",), ("Bob Smith",)])

    def notes(kind: str, subject: str | None) -> list[object]:
        return [row[0] for row in discretion.rows(rows, kind, subject).values]

    assert notes("team", "T1") == ["Grace Day", "(withheld)", "(withheld)"]
    assert notes("team", "T2") == ["Grace Day", "May", "Bob Smith"]
    assert notes("centre", "all") == notes("page", None) == ["Grace Day", "May", "Bob Smith"]
    assert discretion.text("Crew of Bob Smith", "team", "T1") == "Crew of (withheld)"


def test_a_number_is_left_out_where_people_stand(discretion: Discretion) -> None:
    columns = ["ticket_id", "agent_id", "level", "unit_id"]
    rows = Rows("q", columns, [("77", "77", "agent", "77"), ("77", "A-1", "team", "77")])
    assert discretion.rows(rows, "agent", "A-1").values == (
        ("77", "(withheld)", "agent", "(withheld)"),
        ("77", "A-1", "team", "77"),
    )


def test_several_processes_find_what_one_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [Person("A-1", ("Ada Lovelace",)), Person("B-2", ("Bob Martin",))]
    allowed: dict[str, set[str]] = {}
    for number in range(6):
        path = f"{number}.csv"
        named = "Bob Martin" if number % 3 == 0 else "nobody"
        (tmp_path / path).write_text(f"note\r\nwith {named}\r\n", encoding="utf-8")
        allowed[path] = {"A-1"}
    one = find_other_people(tmp_path, people, allowed)
    monkeypatch.setattr("reports.privacy._WORTH_A_PROCESS", 1)
    assert find_other_people(tmp_path, people, allowed) == one
    assert {leak.file for leak in one} == {"0.csv", "3.csv"}


TRACES = [
    *(person.agent_id for person in PEOPLE),
    *(name for person in PEOPLE for name in person.names),
    *(str(person.email) for person in PEOPLE if person.email),
    *("+1 200 555-0114", "(200) 555 0115", "200 5550115"),
]
# What ends, begins or divides a piece: in HTML as the reports have it, and as anybody may write it.
MARKS = [
    *(
        "<td>",
        "</td>",
        "<bdi>",
        "</bdi>",
        "<b>",
        "</b>",
        "<br>",
        "<wbr/>",
        "<p/>",
        '<i class="x y">',
    ),
    *('<bdi data-address="x?level=agent&amp;unit_id=77#agent_id">', '<script src="x"></script>'),
    *(
        "&amp;",
        "&#0;",
        "%",
        "%4",
        "7",
        "x",
        "+",
        " ",
        "\n",
        "\r\n",
        ",",
        "\x0b",
        "#",
        "'",
        "&quot;",
    ),
    *("İ", "Σ", "\u0301", "\u0338", "\u200d", "李"),
]
ODD_MARKS = [
    *(
        "<B>",
        "<br/>",
        "</br>",
        '<br class="x">',
        "<tspan x='1'>",
        "<noscript>",
        "<b/x>",
        "<b >",
        "</b >",
    ),
    *(
        '<a title="',
        "<a title='",
        "<a title=",
        '">',
        "'>",
        ">",
        "<",
        '"',
        '<a ="x b=">',
        '<a b="c"d>',
    ),
    *(
        "<!--",
        "-->",
        "<!doctype html>",
        "<?",
        "<![CDATA[",
        "]]>",
        "<style>",
        "</style>",
        "<textarea>",
    ),
    *(
        "<title>",
        "</title>",
        "<script>",
        "</script>",
        "&",
        "&amp",
        "&nbsp;",
        "&eacute",
        "<!-- x -->",
    ),
]
CONTEXTS = [
    *(
        "%s",
        "<p>%s</p>",
        "<td><bdi>%s</bdi></td>",
        '<td title="%s">x</td>',
        "<td>%s</td><td>7</td>",
    ),
    *(
        '<a href="../agents/%s.html">x</a>',
        '<data data-address="x?agent_id=%s#n">1</data>',
        "<i>%s</i>",
    ),
    *("a,%s,b\r\n", "\r\n%s\r\n5,", '"%s"', "<title>%s</title>", "x<bdi>%s</bdi>7"),
]
ODD_CONTEXTS = ["<script>%s</script>", "<!-- %s -->", "<a title='%s'>x</a>", "<a title=%s>x</a>"]


@st.composite
def spelled(draw: st.DrawFn, trace: str) -> str:
    """A trace as it is, or with its characters coded, composed or divided in some way."""
    spellings: list[Callable[[str], str]] = [
        lambda c: f"&#{ord(c)};",
        lambda c: f"&#x{ord(c):x};",
        lambda c: "".join(f"%{byte:02X}" for byte in c.encode()),
        lambda c: unicodedata.normalize("NFD", c),
        lambda c: f"{c}\u00ad",
        lambda c: f"{c}<b>",
        lambda c: f"</i>{c}",
        lambda c: f'<span class="x">{c}</span>',
        lambda c: f"{c}<br>",
        str.swapcase,
    ]
    for at in draw(st.sets(st.integers(0, len(trace) - 1), max_size=3)):
        coded = draw(st.sampled_from(spellings))(trace[at])
        trace = trace[:at] + coded + trace[at + 1 :]
    return trace


def files_of(marks: list[str], contexts: list[str]) -> st.SearchStrategy[str]:
    pieces = st.sampled_from(TRACES).flatmap(spelled) | st.sampled_from(marks)
    inner = st.lists(pieces, min_size=1, max_size=4).map("".join)
    parts = st.builds(str.replace, st.sampled_from(contexts), st.just("%s"), inner)
    return st.lists(parts, min_size=1, max_size=4).map("".join)


FILES = files_of(MARKS, CONTEXTS) | files_of(MARKS + ODD_MARKS, CONTEXTS + ODD_CONTEXTS)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(["agents/A-1.html", "agents/A-10.html", "x.csv"]), FILES)
@example("x.html", "<td>x</td><td>Ro<b>bert</b> Ó Br<b>iain</b></td><td>x</td>")
@example("x.html", "<p>200 <b>555</b> 0115</p><p>7</p>")
@example("x.html", "<p>200 555 0115<br/>7</p>")
@example("x.html", "<p>İ</p><p>ΝΙΚΟΣ ΣΑΣ</p>")
@example("x.html", "<p>İ.ΣΑΣ@example.org</p>")
@example("x.html", "<p>Bob<br>Smith</p>")
@example("x.html", "<p>200/555/0115</p>")
@example("x.html", "<p>Bob Smith&eacut<b>e;</b></p>")
@example("x.html", "<a title='Bob Smith'>x</a>")
@example("x.html", "Bo<B>b</B> Smith")
@example("x.html", 'Bob<a ="x b="><p d="y"> Smith')
@example("x.html", "<style>Bob Smith&#233;</style>")
@example("x.html", "<script>Bob Smith&#233;</script>")
@example("x.html", "<bdi>🙂</bdi>")
@example("x.html", "<td>x<bdi>May</bdi>0</td>")
@example("x.html", "<td>x<bdi>M<b>ay</b></bdi>0</td>")
@example("x.html", '<td title="x<br>Bob Smith">')
@example("x.html", "<p>50%41-x</p>")
@example("x.html", "Rob<b t='>'>ert Ó Briain")
@example("x.csv", 'a,"200 555 0115"\r\n5,x\r\n')
@example("x.csv", "a,2005550115\r\n5,x\r\n")
@example("x.csv", '"Bo"b Smith')
@example("x.csv", '"Bob ""Smith"""')
def test_the_closer_look_is_left_out_only_where_it_finds_nothing(
    bystanders: Bystanders, tmp_path_factory: pytest.TempPathFactory, path: str, content: str
) -> None:
    """What a message is searched for is always read piece by piece; a CSV file is one that a page carries."""
    if path == "x.csv":
        path, content = "x.html", page_with(content)
    folder = tmp_path_factory.getbasetemp() / "spelled"
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(content.encode())
    try:
        by_piece = bystanders.leaks({path: content.encode()}, OWN)
    except ReportError:
        return
    assert set(find_other_people(folder, PEOPLE, {path: OWN})) == set(by_piece)


def test_words_of_a_name_that_stand_apart_need_no_closer_look(
    lint: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_html(document(chart("Bob")), "../", [])
    body = '<p>Robert</p><p title="Grace">Ó <b>Briain</b>, Bob</p><p>Smith<br>Day ชายสม</p>'
    monkeypatch.delattr("reports.privacy._read")
    assert lint("agents/A-1.html", page.replace("</main>", f"{body}</main>"), {"A-1", "77"}) == []
    assert lint("x.html", page_with("name\r\nRobert\r\nÓ Briain\r\nGrace;Day\r\n")) == []
