"""The gates over data in which every rule has something to fail on, and over data that were looked at before."""

import datetime as dt
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import pytest

import reports
from ingestion import DATASETS, Home, UnusableInput, encryption, engine, ingest
from orchestration import publication
from orchestration.project import MANIFEST, refresh_manifest
from orchestration.publication import Mart, TableFunction
from orchestration.quality import gate, history
from orchestration.quality import landed as landed_data
from orchestration.quality import published as marts_data
from orchestration.quality.engine import Answer, Question
from orchestration.quality.gate import ROWS_SHOWN, WITHHELD, Verdict
from orchestration.quality.suites import EVERY_DATASET, SUITES, Suite, landed_columns, load_suites
from reports import Period
from reports.site import PAGES
from tests.unit.quality import faults
from tests.unit.quality.faults import AS_OF, MARKED, MONTH


@pytest.fixture(scope="module")
def marts() -> list[Mart]:
    refresh_manifest()
    return [one for one in publication.interface(MANIFEST) if not isinstance(one, TableFunction)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, marts: list[Mart]) -> Home:
    folder = tmp_path_factory.mktemp("faults")
    home = Home(folder / "home")
    faults.land(home, folder / "landing")
    earlier = AS_OF - dt.timedelta(days=1)
    faults.write_marts(publication.candidate_file(home), marts, copies=1, as_of=AS_OF)
    faults.write_marts(home.published_database, marts, copies=30, as_of=earlier)
    return home


@pytest.fixture(scope="module")
def nothing_goes_out() -> Iterator[None]:
    def refuse(*_: Any) -> NoReturn:
        raise AssertionError("something goes out to the network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield


@pytest.fixture(scope="module")
def landed(home: Home, nothing_goes_out: None) -> Verdict:
    with pytest.MonkeyPatch.context() as patch:
        # The made-up publication has not seen these loads.
        patch.setattr(publication, "published_load_sequence", lambda _: 0)
        return gate.check_landed(home, AS_OF, MONTH)


@pytest.fixture(scope="module")
def published(home: Home, marts: list[Mart], nothing_goes_out: None) -> Verdict:
    return gate.check_candidate(home, marts, MONTH)


def outcomes(verdict: Verdict) -> dict[tuple[str, str], str]:
    return {(one.suite, one.rule): one.outcome for one in verdict.results}


def rules_of(suites: list[Suite]) -> dict[tuple[str, str], str]:
    failed = {"stop": "stopped", "warn": "warned"}
    return {(s.name, rule.name): failed[rule.severity] for s in suites for rule in s.rules}


def test_every_rule_on_landed_data_can_fail(landed: Verdict) -> None:
    expected = rules_of(load_suites("landed", landed_columns()))
    found = outcomes(landed)
    assert found.keys() == expected.keys()
    # The rules of every dataset: all files but one are whole, and small ones are not judged by what comes twice.
    shared = {"columns_are_there", "rows_are_there", "few_rows_come_twice"}
    assert {key: found[key] for key in expected if key[1] not in shared} == {
        key: outcome for key, outcome in expected.items() if key[1] not in shared
    }
    for rule in shared:
        of_rule = {key: outcome for key, outcome in found.items() if key[1] == rule}
        assert of_rule["landed.tickets", rule] == expected["landed.tickets", rule]
    assert found["landed.shifts", "rows_are_there"] == "passed"
    assert found["landed.agents", "few_rows_come_twice"] == "not looked at"


def test_every_rule_on_marts_can_fail(published: Verdict, marts: list[Mart]) -> None:
    columns = {mart.name: [name for name, _ in mart.columns] for mart in marts}
    assert outcomes(published) == rules_of(load_suites("published", columns))


def test_numbers_are_those_of_the_data(landed: Verdict, published: Verdict) -> None:
    found = {(one.suite, one.rule): one for one in (*landed.results, *published.results)}
    known = found["landed.status_events", "agents_are_known"]
    assert (known.failing, known.looked_at) == (sum(faults.DAYS), sum(faults.DAYS))
    # The raw file was robbed of one row and one column.
    assert found["landed.tickets", "rows_are_there"].observed == 1
    assert found["landed.tickets", "columns_are_there"].observed == 1
    assert found["landed.shifts", "few_rows_come_twice"].observed == 0.5
    assert found["landed.shifts", "no_day_is_much_emptier"].observed == 0
    assert found["landed.shifts", "no_day_is_much_fuller"].observed == 10
    # From the 7th of September to the end of the month.
    assert found["landed.shifts", "data_reach_the_day"].observed == pytest.approx(23.4, abs=0.3)
    assert found["published.fct_agent_day", "days_stay"].observed == pytest.approx(1 / 30)
    assert found["published.fct_organisation_month", "csat_is_steady"].observed == pytest.approx(
        -0.4
    )
    assert found["published.fct_organisation_month", "aht_seconds_is_steady"].observed == -0.5


def test_a_failed_rule_is_a_line_that_says_all(landed: Verdict) -> None:
    (line,) = (one for one in landed.sentences("stopped", "tickets") if "agents_are_known" in one)
    assert "\n" not in line
    for said in (
        "landed.tickets: agents_are_known: found",
        "of 271 rows, first tickets/",
        "agent_is_known is true: 98 % of the rows or more",
        "`agents` is not of the same day",
        "Mend the export of tickets and run again, or change the rule in",
        "suites/landed/tickets.yml",
    ):
        assert said in line


@pytest.mark.parametrize(
    ("mostly", "failing", "outcome"),
    [(0.98, 19, "warned"), (0.98, 20, "stopped"), (1, 1, "stopped")],
    ids=["few of a share", "more of a share", "one where none may fail"],
)
def test_a_share_of_few_rows_stops_no_run(mostly: float, failing: int, outcome: str) -> None:
    (suite,) = (s for s in load_suites("landed", landed_columns()) if s.subject == "tickets")
    rule = next(r for r in suite.rules if r.name == "agents_are_known")
    rule = replace(rule, options={**rule.options, "mostly": mostly})
    answer = Answer(passed=False, observed=None, failing=failing, looked_at=40, error=None)
    assert gate._result(suite, rule, answer, is_new=True).outcome == outcome


def test_what_the_landing_contract_allows_stops_no_small_centre(tmp_path: Path) -> None:
    landing, home = tmp_path / "landing", Home(tmp_path / "home")
    home.prepare()
    at = "2026-09-01T09:00:00Z"
    for dataset, row in {
        "agents": '"agent_id":"A1","name":"One","role":"agent","team_id":"nowhere","time_zone":"UTC",'
        '"effective_from":"2026-01-01"',
        "teams": '"team_id":"T1","team_name":"One","department":"Care"',
        "status_events": f'"event_id":"S1","agent_id":"nobody","occurred_at":"{at}","status":"away"',
        "interactions": f'"interaction_id":"I1","agent_id":"nobody","customer_id":"C1","channel":"voice",'
        f'"direction":"inbound","queued_at":"{at}","answered_at":"2026-09-01T08:00:00Z"',
        "tickets": f'"ticket_id":"K1","agent_id":"nobody","created_at":"{at}","status":"resolved"',
        "qa_evaluations": f'"evaluation_id":"E1","agent_id":"nobody","evaluated_at":"{at}","score":0',
        "csat_surveys": '"survey_id":"V1","agent_id":"nobody","score":5',
        "sales": f'"lead_id":"L1","agent_id":"nobody","created_at":"{at}","revenue":"5.00"',
        "shifts": f'"segment_id":"G1","shift_id":"H1","agent_id":"nobody","starts_at":"{at}",'
        '"ends_at":"2026-09-03T09:00:00Z","activity":"work"',
        "kpi_targets": '"kpi":"escalation_rate","direction":"lower","target":0,"effective_from":"2026-01-01"',
    }.items():
        (landing / dataset).mkdir(parents=True)
        (landing / dataset / "one.ndjson").write_text("{" + row + "}\n")
    ingest(home, landing, list(DATASETS), lambda _: None)
    verdict = gate.check_landed(home, AS_OF, MONTH)
    assert verdict.sentences("stopped") == []
    warned = {one.rule for one in verdict.results if one.outcome == "warned"}
    assert {"agents_are_known", "revenue_has_a_currency", "segments_end_within_a_day"} <= warned


def test_ids_and_contacts_of_other_systems_are_not_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = tmp_path / "dbt_project" / "seeds"
    shutil.copytree(landed_data.PROJECT_DIR / "dbt_project" / "seeds", seeds)
    with (seeds / "agent_ids.csv").open("a") as file:
        file.write("talkdesk,u1,A1\ntalkdesk,u2,nobody\n")
    monkeypatch.setattr(landed_data, "PROJECT_DIR", tmp_path)
    landing, home = tmp_path / "landing", Home(tmp_path / "home")
    home.prepare()
    for name, text in {
        "agents/a.ndjson": '{"agent_id":"A1","name":"One","role":"agent","team_id":"T1",'
        '"time_zone":"UTC","effective_from":"2026-01-01"}\n',
        "csat_surveys/a.ndjson": "".join(
            f'{{"survey_id":"V{number}","agent_id":"{agent}","interaction_id":"c{number}"}}\n'
            for number, agent in enumerate(("A1", "u1", "u2"))
        ),
        "asterisk/queue_log/log": "1788253200|c0|q|NONE|ENTERQUEUE||600|1\n",
    }.items():
        (landing / name).parent.mkdir(parents=True)
        (landing / name).write_text(text)
    ingest(home, landing, None, lambda _: None)
    verdict = gate.check_landed(home, AS_OF, MONTH)
    found = {one.rule: one for one in verdict.results if one.suite == "landed.csat_surveys"}
    assert (found["agents_are_known"].failing, found["agents_are_known"].looked_at) == (1, 3)
    # Whether the log has the contacts, the models say.
    assert found["contacts_are_known"].failing == 0


def test_failing_rows_have_a_place_and_are_few(landed: Verdict, published: Verdict) -> None:
    rows = [
        r for r in landed.failing_rows if (r.suite, r.rule) == ("landed.shifts", "agents_are_known")
    ]
    assert len(rows) == ROWS_SHOWN
    assert {row.place.split(", row ")[0] for row in rows} == {"shifts/2.ndjson"}
    assert {row.shown for row in rows} == {"agent_is_known False"}
    (row,) = (r for r in published.failing_rows if r.rule == "targets_are_there")
    assert (
        row.place
        == f"monthly_performance_summary: agent_id {WITHHELD}, month 2026-09-01, revision 1"
    )


def test_who_is_meant_is_nowhere(home: Home, landed: Verdict, published: Verdict) -> None:
    # It is in what was looked at, or this would prove nothing.
    raw = next(home.raw_folder("feedback_sessions").glob("[!_s]*.parquet"))
    (told,) = duckdb.sql(f"select lower(notes) from '{raw}'").fetchone() or ("",)
    assert MARKED in told
    said = [
        *landed.sentences("stopped"),
        *landed.sentences("warned"),
        repr(landed),
        repr(published),
    ]
    said.append(history.file(home).read_text())
    database = publication.candidate_file(home)
    history.write_into(database, home)
    with duckdb.connect(str(database), read_only=True) as connection:
        for table in ("quality_run", "quality_result", "quality_failing_row"):
            rows = connection.execute(f"from meta.{table}").fetchall()
            assert rows
            said.append(repr(rows))
    assert [text for text in said if MARKED in text.lower()] == []
    assert WITHHELD in said[-1]


def test_the_page_shows_rules_and_rows_and_no_figure_without_an_address(
    home: Home, landed: Verdict, published: Verdict, tmp_path: Path
) -> None:
    database = tmp_path / "published.duckdb"
    shutil.copyfile(home.published_database, database)
    pages = tmp_path / "pages"
    (pages / "quality").mkdir(parents=True)
    shutil.copyfile(PAGES / "quality" / "data.md", pages / "quality" / "data.md")
    (pages / "index.md").write_text("---\ntitle: Index\n---\nNothing.\n")
    period = Period.month(MONTH)
    reports.render_reports(database, period, tmp_path / "none", pages=pages)
    history.write_into(database, home)
    reports.render_reports(database, period, tmp_path / "out", pages=pages)
    without, page = (
        (tmp_path / out / "quality" / "data.html").read_text(encoding="utf-8")
        for out in ("none", "out")
    )
    # An earlier version published without results.
    assert "No gate has looked at these data." in without
    for shown in (
        "shifts/2.ndjson, row ",
        "agent_is_known False",
        WITHHELD,
        "98 % of the rows or more",
    ):
        assert shown in page
    assert MARKED not in page.lower()
    assert "<data" not in page


def test_nothing_is_left_in_the_scratch_folder(
    home: Home, landed: Verdict, published: Verdict
) -> None:
    assert list(home.scratch.iterdir()) == []


def test_an_encrypted_home_is_looked_at_as_one_in_the_clear(
    tmp_path: Path, nothing_goes_out: None
) -> None:
    folder = tmp_path / "landing" / "csat_surveys"
    folder.mkdir(parents=True)
    (folder / "s.csv").write_text(
        "survey_id,agent_id,interaction_id,responded_at,score\n"
        f"s1,{MARKED},i1,2026-10-01T09:00:00Z,5\ns2,{MARKED},i1,2099-10-01T09:00:00Z,5\n"
    )
    verdicts = []
    for name in ("plain", "encrypted"):
        home = Home(tmp_path / name)
        if name == "encrypted":
            encryption.begin(home.root, bytes(32))
        ingest(home, folder.parent)
        verdicts.append(gate.check_landed(home, AS_OF, MONTH))
    assert verdicts[0] == verdicts[1]
    assert [row.place for row in verdicts[0].failing_rows]
    assert {one.outcome for one in verdicts[0].results} > {"passed", "not looked at"}
    with engine.writing(home.published_database) as connection:
        connection.execute("create schema meta")
    assert not history.is_in(home.published_database, home)
    history.write_into(home.published_database, home)
    assert history.is_in(home.published_database, home)


def test_every_threshold_says_why_and_every_suite_what_it_is_about() -> None:
    for stage, columns in (("landed", landed_columns()), ("published", None)):
        files = [file for file in (SUITES / stage).glob("*.yml") if file.stem != EVERY_DATASET]
        assert files
        if columns:
            for suite in load_suites("landed", columns):
                assert suite.about
                assert all(len(rule.reason.split()) > 5 for rule in suite.rules)


class Asked:
    """In the place of Great Expectations: answers all alike, and counts."""

    def __init__(self, passed: bool) -> None:
        self.times, self.passed = 0, passed

    def __call__(
        self, _: Path, questions: dict[str, list[Question]]
    ) -> dict[tuple[str, str], Answer]:
        self.times += 1
        return {
            one.key: Answer(self.passed, failing=0, looked_at=9)
            for asked in questions.values()
            for one in asked
        }


@pytest.fixture
def quiet_home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


@pytest.mark.parametrize(("passed", "times"), [(True, 1), (False, 2)])
def test_what_passed_is_not_looked_at_again_and_what_stopped_is(
    home: Home, monkeypatch: pytest.MonkeyPatch, passed: bool, times: int
) -> None:
    asked = Asked(passed)
    monkeypatch.setattr(gate, "ask", asked)
    history.file(home).rename(home.records / "kept")
    try:
        looks = [gate.check_landed(home, AS_OF, MONTH) for _ in range(2)]
        assert asked.times == times
        assert [one.looked for one in looks] == [True, not passed]
        assert looks[0].results == looks[1].results
        # Another instant: what is fresh then has to be looked at.
        assert gate.check_landed(home, AS_OF, dt.date(2026, 8, 1)).looked
    finally:
        (home.records / "kept").rename(history.file(home))


def test_a_first_month_is_not_warned_for_lack_of_history(
    quiet_home: Home, tmp_path: Path, marts: list[Mart], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "ask", Asked(True))
    faults.write_marts(publication.candidate_file(quiet_home), marts, copies=1, as_of=AS_OF)
    verdict = gate.check_candidate(quiet_home, marts, dt.date(2026, 8, 1))
    found = {(one.suite, one.rule): (one.outcome, one.note) for one in verdict.results}
    # Two months before it: too few to tell what is usual. No publication before it: nothing to compare with.
    nothing = ("not looked at", "too little to judge yet")
    assert found["published.fct_organisation_month", "csat_is_steady"] == nothing
    assert found["published.fct_agent_day", "days_stay"] == nothing
    assert not verdict.sentences("warned")


def test_a_flag_that_does_not_run_names_its_file(home: Home) -> None:
    suites = [
        replace(suite, flags={**suite.flags, "agent_is_known": "agent_ids is null"})
        for suite in load_suites("landed", landed_columns())
        if suite.subject == "shifts"
    ]
    new = landed_data.new_loads(home, 0)
    with pytest.raises(
        UnusableInput, match=r"landed/shifts\.yml: flags: Binder Error: .*agent_ids"
    ):
        landed_data.lay_out(home.root / "wrong.duckdb", home, suites, new, AS_OF)


def test_a_query_that_stands_on_what_an_older_publication_lacks_is_not_told(
    tmp_path: Path, marts: list[Mart]
) -> None:
    candidate, before = tmp_path / "candidate.duckdb", tmp_path / "before.duckdb"
    for file in (candidate, before):
        faults.write_marts(file, marts, copies=1, as_of=AS_OF)
    with duckdb.connect(str(before)) as connection:
        connection.execute("alter table marts.fct_agent_day drop column evaluations")
    columns = {mart.name: [name for name, _ in mart.columns] for mart in marts}
    suites = [s for s in load_suites("published", columns) if s.subject == "fct_agent_day"]
    file = tmp_path / "checked.duckdb"
    marts_data.lay_out(file, candidate, before, suites, marts, MONTH)
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute("from measures").fetchall() == [(None,) * 4]
    wrong = [
        replace(suites[0], relations={"now_and_before": "select evals from before.fct_agent_day"})
    ]
    file.unlink()
    with pytest.raises(UnusableInput, match=r"fct_agent_day\.yml: now_and_before: Binder Error"):
        marts_data.lay_out(file, candidate, before, wrong, marts, MONTH)


def test_days_that_were_purged_are_not_lost(tmp_path: Path, marts: list[Mart]) -> None:
    candidate, before = tmp_path / "candidate.duckdb", tmp_path / "before.duckdb"
    faults.write_marts(candidate, marts, copies=1, as_of=AS_OF)
    shutil.copy(candidate, before)
    with duckdb.connect(str(before)) as connection:
        (whole_from,) = connection.execute(
            "select min(business_date) from marts.fct_agent_day"
        ).fetchall()[0]
        connection.execute(
            "insert into marts.fct_agent_day"
            " select * exclude (day) replace (business_date - 400 - day::integer as business_date)"
            " from marts.fct_agent_day cross join range(20) as days(day)"
        )
    columns = {mart.name: [name for name, _ in mart.columns] for mart in marts}
    suites = [s for s in load_suites("published", columns) if s.subject == "fct_agent_day"]
    kept = []
    for number, first in enumerate((None, whole_from)):
        file = tmp_path / f"checked_{number}.duckdb"
        marts_data.lay_out(file, candidate, before, suites, marts, MONTH, first)
        with duckdb.connect(str(file), read_only=True) as connection:
            kept += connection.execute("select columns('days_kept') from measures").fetchall()
    assert kept[0][0] < 1
    assert kept[1][0] == 1


def test_an_expectation_without_an_answer_does_not_pass() -> None:
    (suite,) = (s for s in load_suites("landed", landed_columns()) if s.subject == "shifts")
    rule = next(rule for rule in suite.rules if rule.severity == "stop")
    found = gate._result(suite, rule, Answer(passed=False, error="no such column"), True)
    assert (found.outcome, found.found) == ("stopped", "no answer (no such column)")


def test_what_a_landed_column_may_show_goes_by_its_kind() -> None:
    suites = {suite.subject: suite for suite in load_suites("landed", landed_columns())}
    withheld = {
        f"{name}.{column}"
        for name, columns in landed_columns().items()
        for column in columns
        if not gate._shown_of_landed(suites[name], column)
    }
    assert withheld >= {
        "agents.agent_id", "agents.name", "agents.email", "agents.phone", "agents.site",
        "interactions.customer_id", "feedback_sessions.notes", "compliance_events.description",
        "tickets.ticket_id", "teams.team_lead_id",
    }  # fmt: skip
    assert not withheld & {"tickets.status", "qa_evaluations.score", "interactions.queued_at"}
    assert gate._shown_of_landed(suites["tickets"], "agent_is_known")
