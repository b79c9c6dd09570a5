"""The reports of a period: what is written, for whom, and that doing it again changes nothing."""

import hashlib
import html
import json
import re
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
import warehouse_fixture as fixture
from pdf_reading import attachment, spoken

import reports

MONTH = fixture.MONTH
PERIOD = fixture.PERIOD


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def words(page: str) -> str:
    """The text of a page without its tags."""
    return html.unescape(re.sub(r"<[^>]*>", "", page))


def files_of(out: Path, kind: str) -> dict[str, str]:
    listed = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["files"]
    return {f["subject_id"]: f["path"] for f in listed if f["kind"] == kind and "pdf" in f["path"]}


def test_every_subject_has_a_page_and_a_pdf(database: Path, tmp_path: Path) -> None:
    out = tmp_path / "2026-10"
    seen: list[str] = []
    files = reports.render_reports(database, PERIOD, out, progress=seen.append, pages=fixture.PAGES)
    subjects = {(f.kind, f.subject_id, f.path.rpartition(".")[2], f.revision) for f in files}
    assert subjects == {
        *(("agent", a, e, 1) for a in fixture.HOSTILE_NAMES for e in ("html", "pdf")),
        *(("team", t, e, 1) for t in ("T1", "T/2") for e in ("html", "pdf")),
        ("index", None, "html", None),
        ("asset", None, "css", None),
        ("asset", None, "js", None),
    }
    assert [f.path for f in files] == sorted(f.path for f in files)
    assert all(hashlib.sha256((out / f.path).read_bytes()).hexdigest() == f.sha256 for f in files)
    assert len(seen) == len(files) - 2
    on_disk = set(contents(out))
    assert on_disk == {f.path for f in files} | {"manifest.json"}
    modes = {oct(p.stat().st_mode & 0o777) for p in out.rglob("*") if p.is_file()}
    assert modes == {"0o600"}
    assert {oct(p.stat().st_mode & 0o777) for p in (out, out / "agents", out / "teams")} == {
        "0o700"
    }


def test_the_manifest_lists_what_is_there(closed: Path) -> None:
    manifest = json.loads((closed / "manifest.json").read_text(encoding="utf-8"))
    paths = [file["path"] for file in manifest["files"]]
    assert paths == sorted(set(contents(closed)) - {"manifest.json"})
    assert manifest["period"] == "2026-10"
    for file in manifest["files"]:
        content = (closed / file["path"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (
            file["bytes"],
            file["sha256"],
        )


def test_same_data_same_bytes(database: Path, closed: Path, tmp_path: Path) -> None:
    reports.render_reports(database, PERIOD, tmp_path / "again", pages=fixture.PAGES)
    assert contents(tmp_path / "again") == contents(closed)


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.processes.PROCESSES", 2)
    monkeypatch.setattr("reports.site._WORTH_PROCESSES", 1)
    monkeypatch.setattr("reports.site._FEW", 2)
    monkeypatch.setattr("reports.site.Renderer", None)


@pytest.mark.usefixtures("two_processes")
def test_several_processes_make_the_same_bytes_and_keep_them(
    database: Path, closed: Path, tmp_path: Path
) -> None:
    out, seen = tmp_path / "out", list[str]()
    reports.render_reports(database, PERIOD, out, progress=seen.append, pages=fixture.PAGES)
    assert contents(out) == contents(closed)
    assert len(seen) == len([path for path in contents(closed) if path.endswith(("html", "pdf"))])
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()}
    reports.render_reports(database, PERIOD, out, progress=seen.append, pages=fixture.PAGES)
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()} == before


@pytest.mark.usefixtures("two_processes")
def test_what_is_wrong_with_a_page_is_said_whichever_process_finds_it(
    database: Path, tmp_path: Path, pages: Callable[[str], Path]
) -> None:
    folder = pages("One.\n\n{{ Value(nothing) }}\n\n```sql nothing\nselect 1 as one\n```")
    with pytest.raises(reports.PageError) as raised:
        reports.render_reports(database, PERIOD, tmp_path / "out", pages=folder)
    assert (raised.value.page, raised.value.line) == ("pages/index.md", 6)
    assert "Value" in raised.value.cause


def test_a_second_run_writes_nothing(database: Path, closed: Path, tmp_path: Path) -> None:
    out = shutil.copytree(closed, tmp_path / "out")
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()}
    seen: list[str] = []
    first = reports.render_reports(database, PERIOD, out, progress=seen.append, pages=fixture.PAGES)
    assert seen == []
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()} == before
    assert first == reports.render_reports(database, PERIOD, out, pages=fixture.PAGES)


@pytest.mark.parametrize("damage", ["remove", "change"])
def test_a_lost_or_changed_file_is_made_again(
    database: Path, closed: Path, tmp_path: Path, damage: str
) -> None:
    out = shutil.copytree(closed, tmp_path / "out")
    for name in ("teams/T1-r1.pdf", "index.html", "report.css"):
        if damage == "remove":
            (out / name).unlink()
        else:
            (out / name).write_bytes(b"changed")
    reports.render_reports(database, PERIOD, out, pages=fixture.PAGES)
    assert contents(out) == contents(closed)


def test_a_folder_of_an_earlier_version_loses_its_csv_files(
    database: Path, closed: Path, tmp_path: Path
) -> None:
    """They stood beside the pages; nobody wants to be told of each."""
    out = shutil.copytree(closed, tmp_path / "out")
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    beside = []
    for page in manifest["files"]:
        page["of"] = None
        if page["path"] == "teams/T1.html":
            beside.append({**page, "path": "teams/T1/members.csv", "of": page["path"]})
    (out / "teams" / "T1").mkdir()
    (out / "teams" / "T1" / "members.csv").write_text("agent_id")
    manifest["files"] += beside
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    seen: list[str] = []
    reports.render_reports(database, PERIOD, out, progress=seen.append, pages=fixture.PAGES)
    assert contents(out) == contents(closed)
    assert seen == []


def test_a_crash_before_the_manifest_is_made_good(
    database: Path, closed: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(closed, tmp_path / "out")
    (out / "manifest.json").unlink()
    reports.render_reports(database, PERIOD, out, pages=fixture.PAGES)
    assert contents(out) == contents(closed)


def test_revision_2_keeps_the_first_pdf(tmp_path: Path) -> None:
    database, out = fixture.build(tmp_path / "own.duckdb"), tmp_path / "out"
    reports.render_reports(database, PERIOD, out, pages=fixture.PAGES)
    first = contents(out)
    fixture.restate(database, "A-1")
    seen: list[str] = []
    files = reports.render_reports(database, PERIOD, out, progress=seen.append, pages=fixture.PAGES)
    second = contents(out)

    old = next(f for f in files_of(out, "agent").values() if f.endswith("-r2.pdf"))
    agent = old.removesuffix("-r2.pdf")
    assert sorted(seen) == sorted(
        [
            f"wrote {agent}-r2.pdf",
            f"replaced {agent}.html",
            "wrote teams/T1-r2.pdf",
            "replaced teams/T1.html",
            "replaced index.html",
        ]
    )
    for path in (f"{agent}-r1.pdf", "teams/T1-r1.pdf"):
        assert second[path] == first[path]
    listed = json.loads(second["manifest.json"])["files"]
    revisions = {f["path"]: f["revision"] for f in listed}
    assert (revisions[f"{agent}-r1.pdf"], revisions[f"{agent}-r2.pdf"]) == (1, 2)
    assert f"{agent}-r1.pdf" not in {f.path for f in files}

    page = words(second[f"{agent}.html"].decode())
    assert "What changed in revision 2" in page
    assert "Resolved tickets120121+1" in page
    assert "Active83:20:0083:19:00-0:01:00" in page
    assert "Skill levelproficientexpert–" in page
    assert "What changed" not in words(first[f"{agent}.html"].decode())


def test_an_issued_pdf_stays_though_its_data_change(tmp_path: Path) -> None:
    database, out = fixture.build(tmp_path / "own.duckdb"), tmp_path / "out"
    reports.render_reports(database, PERIOD, out, pages=fixture.PAGES)
    first = contents(out)
    with duckdb.connect(str(database)) as connection:
        connection.execute("update marts.agent_kpi_month set target = target + 1")
    reports.render_reports(database, PERIOD, out, pages=fixture.PAGES)
    second = contents(out)
    issued = [path for path in first if path.endswith(".pdf")]
    assert issued
    assert [path for path in issued if second[path] != first[path]] == []
    assert (
        second["agents/" + issued[0].split("/")[1].removesuffix("-r1.pdf") + ".html"]
        != first["agents/" + issued[0].split("/")[1].removesuffix("-r1.pdf") + ".html"]
    )


def test_a_provisional_month_says_so_and_goes_with_the_close(tmp_path: Path) -> None:
    database, out = fixture.build(tmp_path / "own.duckdb"), tmp_path / "out"
    files = reports.render_reports(database, PERIOD, out, provisional=True, pages=fixture.PAGES)
    assert {f.revision for f in files} == {None}
    pdfs = [f.path for f in files if f.path.endswith(".pdf")]
    assert len(pdfs) == 8
    assert all(path.endswith("-provisional.pdf") for path in pdfs)
    for file in files:
        if file.path.endswith(".html"):
            assert "PROVISIONAL" in (out / file.path).read_text(encoding="utf-8")

    seen: list[str] = []
    reports.render_reports(database, PERIOD, out, progress=seen.append, pages=fixture.PAGES)
    assert {f"removed {path}" for path in pdfs} <= set(seen)
    assert not [path for path in contents(out) if "provisional" in path]
    assert "PROVISIONAL" not in (out / "index.html").read_text(encoding="utf-8")


def test_a_page_changes_with_its_template(
    database: Path, tmp_path: Path, pages: Callable[[str], Path]
) -> None:
    out = tmp_path / "out"
    reports.render_reports(database, PERIOD, out, pages=pages("One."))
    seen: list[str] = []
    reports.render_reports(database, PERIOD, out, progress=seen.append, pages=pages("Two."))
    assert seen == ["replaced index.html"]


@pytest.mark.parametrize("kind", ["agents", "teams", "."])
def test_hostile_text_prints_as_text(closed: Path, kind: str) -> None:
    everything = ""
    for path in sorted((closed / kind).glob("*.html")):
        page = path.read_text(encoding="utf-8")
        assert re.findall("<script[^>]*>", page.partition("<body>")[2]) == []
        assert not re.search(
            r'href="(?!https?:|\.\./|#main|agents/|teams/|report\.css|[\w~%-]+\.(?:html|pdf)"'
            r'|data:text/csv;charset=utf-8;base64,[\w+/=]+" download="[^"]+\.csv">)',
            page,
        )
        assert not re.search("[\ue000-\uf8ff\u202a-\u202e]", page)
        everything += words(page)
    names = {
        "agents": ["A-1", "A/2/../x", "a-1", "李"],
        "teams": ["A-1", "A/2/../x", "a-1", "李"],
        ".": ["A-1", "A/2/../x", "a-1", "李"],
    }
    for agent_id in names[kind]:
        assert fixture.HOSTILE_NAMES[agent_id] in everything
    assert "=1+2 \ufffd0\ufffd \U0001f600" in everything
    if kind != "teams":
        assert "नेहा Zoë evil Łódź next" in everything


def test_names_are_isolated_from_the_text_around_them(closed: Path) -> None:
    page = (closed / "index.html").read_text(encoding="utf-8")
    assert f"<bdi>{fixture.HOSTILE_NAMES['a-1']}</bdi>" in page


def test_an_agents_report_names_nobody_else(closed: Path) -> None:
    paths = files_of(closed, "agent")
    assert len(paths) == 6
    for agent_id, path in paths.items():
        stem = path.removesuffix("-r1.pdf")
        page = (closed / f"{stem}.html").read_text(encoding="utf-8")
        others = [name for other, name in fixture.HOSTILE_NAMES.items() if other != agent_id]
        text = words(page)
        assert not [name for name in others if name in text or name[:6] in text]
        assert not re.search(r'href="[^"]*agents/', page)


def test_figures_beside_what_is_withheld_keep_their_addresses(
    database: Path, tmp_path: Path, pages: Callable[[str], Path]
) -> None:
    folder = pages("Nothing.")
    page = folder / "agents" / "[agent_id].md"
    query = (
        "```sql kpis from=agent_kpi_month\nselect agent_id, month, kpi, target, 'ask 李小龍' as note"
        " from marts.agent_kpi_month where agent_id = $agent_id\n```\n"
        "{{ DataTable(kpis, title='Targets', columns=['note', 'target']) }}\n"
    )
    page.write_text(page.read_text().replace("Nothing.", query))
    reports.render_reports(database, PERIOD, tmp_path / "out", pages=folder)
    text = "".join(path.read_text() for path in (tmp_path / "out" / "agents").glob("*.html"))
    assert "ask (withheld)" in text
    assert 'data-address="agent_kpi_month?agent_id=A-1' in text


def test_links_lead_to_files(closed: Path) -> None:
    checked = 0
    for path in closed.rglob("*.html"):
        for target in re.findall(r'href="(?!data:)([^"#]+)"', path.read_text(encoding="utf-8")):
            assert (path.parent / target).is_file(), (path.name, target)
            checked += 1
    assert checked > 30


def test_pages_can_be_read_by_everyone(closed: Path) -> None:
    for path in closed.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert page.startswith('<!doctype html>\n<html lang="en">')
        assert page.count("<h1>") == 1
        assert page.count("<main") == page.count('href="#main"') == 1
        assert page.count("<table") == page.count("<caption>") >= 1
        assert page.count("<th") > page.count('<th scope="col"') > 0
        assert not re.findall("<th(?! scope=|ead)", page)
        assert page.count("<svg") == page.count('role="img"') + page.count('aria-hidden="true"><r')
        levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
        assert all(b <= a + 1 for a, b in pairwise(levels))
        assert "//" not in page.replace("http://www.w3.org/2000/svg", "").replace(
            "http://e.example", ""
        )


def test_a_figure_without_value_is_never_zero(closed: Path) -> None:
    stem = files_of(closed, "agent")["A 6"].removesuffix("-r1.pdf")
    text = words((closed / f"{stem}.html").read_text(encoding="utf-8"))
    assert "There is too little data for a score this month" in text
    assert "Productivity score– insufficient data" in text
    assert "Average quality score– no value" in text
    assert "Schedule adherence– not collected" in text
    assert "not met – too few to judge68.0% – 91.0%" in text
    assert "– no value: not collected, or nothing to count." in text


def test_pdf_is_tagged_archivable_and_dated_by_the_close(closed: Path) -> None:
    for path in closed.rglob("*.pdf"):
        pdf = path.read_bytes()
        assert b"<pdfaid:part>3</pdfaid:part>" in pdf
        assert b"<pdfaid:conformance>A</pdfaid:conformance>" in pdf
        assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
        assert b"/Lang(en)" in pdf
        assert b"<xmp:ModifyDate>2026-11-02T04:10:00" in pdf


def test_daily_figures_are_attached(closed: Path) -> None:
    pdf = (closed / files_of(closed, "agent")["A-1"]).read_bytes()
    lines = attachment(pdf, "business_date,").split("\r\n")
    assert lines[0].startswith("business_date,logged_in_seconds,active_seconds,")
    assert lines[1].startswith("2026-10-01,28800,14000,12000,,50,240,,,5,")
    assert lines[6].startswith("2026-10-06,28800,,11000,")
    assert len(lines) == 24


def test_a_cell_that_looks_like_a_formula_is_text(closed: Path) -> None:
    text = attachment((closed / files_of(closed, "team")["T/2"]).read_bytes(), "agent_id,")
    assert ",'=1+2 " in text
    assert ",7.4," in text


def test_scripts_reach_the_pdf(closed: Path) -> None:
    paths = files_of(closed, "agent")
    shown = {agent: spoken((closed / path).read_bytes()) for agent, path in paths.items()}
    assert set("李小龍") <= shown["李"]
    assert {"م", "ر"} <= shown["a-1"]
    assert {"न", "Ł"} <= shown["A 6"]
    assert {"#", "`", "$", "|", "{"} <= shown["A/2/../x"]
    assert "\ufffd" in shown["CON"]
    assert "\U0001f600" in shown["CON"]


def test_a_database_without_the_marts_is_explained(tmp_path: Path) -> None:
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty)).close()
    with pytest.raises(reports.ReportError, match="build it again"):
        reports.render_reports(empty, PERIOD, tmp_path / "out", pages=fixture.PAGES)
    with pytest.raises(reports.ReportError, match="no published database"):
        reports.render_reports(
            tmp_path / "none.duckdb", PERIOD, tmp_path / "out", pages=fixture.PAGES
        )
    assert not (tmp_path / "out").exists()


def test_a_month_without_rows_has_an_index(database: Path, tmp_path: Path) -> None:
    files = reports.render_reports(
        database,
        reports.Period.month(MONTH.replace(year=2020)),
        tmp_path / "out",
        pages=fixture.PAGES,
    )
    assert [f.kind for f in files] == ["index", "asset", "asset"]
    text = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "There is nobody to report on this month." in text


def test_a_month_is_its_first_day(database: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="first day"):
        reports.render_reports(
            database,
            reports.Period.month(MONTH.replace(day=2)),
            tmp_path / "out",
            pages=fixture.PAGES,
        )
