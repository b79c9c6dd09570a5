"""A failed check stops everything after it, and the last good publication stays in place."""

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from ingestion import Home, ledger
from orchestration.quality import history
from orchestration.running import log_file
from orchestration.verification import file_digest
from tests.integration.scenes import (
    LATER,
    Finished,
    Run,
    Stage,
    assert_nothing_temporary,
    close,
    query,
    scene,
    snapshot,
)

# A scene waits for its turn: see scenes.py.
pytestmark = pytest.mark.timeout(1800)

# Quarantine and raw grow by what landed; these must not change while a check stops the close.
OUTCOME = ("published/", "reports/", "outbox/", "records/performance/")
OUTCOME_RECORDS = ("close", "publication", "delivery")
AFTER_THE_CHECKS = ("revisions recorded", "published", "report files", "messages written")


@dataclass(frozen=True)
class Stopped:
    home: Home
    before: dict[str, str]
    stopped: Finished
    after: dict[str, str]


def outcome_of(home: Home) -> dict[str, str]:
    files = {name: value for name, value in snapshot(home).items() if name.startswith(OUTCOME)}
    recorded = {record.hash: record.kind for record in ledger.records(home, *OUTCOME_RECORDS)}
    return files | recorded


def evaluations(bad: int) -> str:
    rows = [
        {
            "evaluation_id": f"EV-LATE-{number:03}",
            "agent_id": "A00001",
            "evaluated_at": "2026-10-20T10:00:00Z",
            "score": 250 if number < bad else 70,
        }
        for number in range(50)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


@scene()
def too_many_rejected(stage: Stage) -> Stopped:
    home, landing = stage.copy_closed("rejected"), stage.copy_landing("rejected")
    (landing / "qa_evaluations" / "bad.ndjson").write_text(evaluations(bad=3))
    before = outcome_of(home)
    stopped = close(home, landing, as_of=LATER)
    return Stopped(home, before, stopped, outcome_of(home))


@dataclass(frozen=True)
class Mended:
    home: Home
    stopped: list[Finished]
    mended: Finished


@scene(closes=3)
def mended_at_last(stage: Stage) -> Mended:
    """Run, run again without doing anything about it, and then with the file mended in its place."""
    home, landing = stage.copy_closed("mended"), stage.copy_landing("mended")
    file = landing / "qa_evaluations" / "bad.ndjson"
    file.write_text(evaluations(bad=3))
    stopped = [close(home, landing, as_of=LATER) for _ in range(2)]
    file.write_text(evaluations(bad=0))
    return Mended(home, stopped, close(home, landing, as_of=LATER))


def tickets_of_a_stranger() -> str:
    rows = [
        {
            "ticket_id": f"T-STRANGE-{number:03}",
            "agent_id": "A-MIRABELLE",
            "created_at": "2026-10-20T10:00:00Z",
            "status": "resolved",
            "resolved_at": "2026-10-20T11:00:00Z",
        }
        for number in range(60)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


@scene()
def stopped_at_the_gate(stage: Stage) -> Stopped:
    """Tickets of somebody whom `agents` does not know: each row is right, all of them together are not."""
    home, landing = stage.copy_closed("gate"), stage.copy_landing("gate")
    (landing / "tickets" / "strange.ndjson").write_text(tickets_of_a_stranger())
    before = outcome_of(home)
    stopped = close(home, landing, as_of=LATER)
    return Stopped(home, before, stopped, outcome_of(home))


@scene(closes=2)
def mended_at_the_gate(stage: Stage) -> Mended:
    """Stopped, and then with the person in `agents`."""
    home, landing = stage.copy_closed("gate_mended"), stage.copy_landing("gate_mended")
    (landing / "tickets" / "strange.ndjson").write_text(tickets_of_a_stranger())
    stopped = [close(home, landing, as_of=LATER)]
    person = {
        "agent_id": "A-MIRABELLE",
        "name": "Mirabelle Joiner",
        "role": "agent",
        "team_id": "T0001",
        "time_zone": "UTC",
        "effective_from": "2026-10-01",
    }
    (landing / "agents" / "joiner.ndjson").write_text(json.dumps(person) + "\n")
    return Mended(home, stopped, close(home, landing, as_of=LATER))


@scene()
def failing_data_test(stage: Stage) -> Stopped:
    """A raw file that was loaded with what no rule of ingestion sees: a test of the models does."""
    home = stage.copy_closed("failing_data_test")
    raw = max(
        home.raw_folder("qa_evaluations").glob("[!_s]*.parquet"), key=lambda f: f.stat().st_size
    )
    damage(raw)
    # As if it had been so from the beginning: a file that is not as recorded stops a run before any model.
    name = raw.relative_to(home.root).as_posix()
    ledger.append(home, "encryption", {"files": {name: file_digest(raw)}})
    # What rewrites raw files removes what was built on them: builds by change read new files alone.
    home.warehouse.unlink()
    before = outcome_of(home)
    stopped = close(home, stage.landing, as_of=LATER)
    return Stopped(home, before, stopped, outcome_of(home))


def damage(raw: Path) -> None:
    table = pq.read_table(raw)
    position = table.schema.get_field_index("score")
    kind = table.schema.field(position).type
    scores = pc.add(table["score"].cast(pa.float64()), 200.0).cast(kind)
    pq.write_table(table.set_column(position, "score", scores), raw)


@pytest.mark.long
class TestTooManyRejectedRows:
    def test_the_close_stops_and_says_which_file_and_why(self, too_many_rejected: Stopped) -> None:
        assert too_many_rejected.stopped.returncode == 1
        said = too_many_rejected.stopped.stderr
        assert "qa_evaluations: 3 of 50 rows rejected (6.0%, limit 1.0%)" in said
        assert "qa_evaluations/bad.ndjson" in said
        assert "Traceback" not in said

    def test_nothing_is_published_recorded_reported_or_sent(
        self, too_many_rejected: Stopped
    ) -> None:
        assert too_many_rejected.after == too_many_rejected.before
        for step in AFTER_THE_CHECKS:
            assert step not in too_many_rejected.stopped.stderr

    def test_it_is_cleaned_up_after(self, too_many_rejected: Stopped) -> None:
        assert_nothing_temporary(too_many_rejected.home)


class TestStoppedAtTheGate:
    def test_the_close_stops_in_one_line_that_says_rule_rows_and_way_out(
        self, stopped_at_the_gate: Stopped
    ) -> None:
        assert stopped_at_the_gate.stopped.returncode == 1
        said = stopped_at_the_gate.stopped.stderr
        (line,) = (line for line in said.splitlines() if "agents_are_known" in line)
        assert (
            "quality_gate: landed.tickets: agents_are_known: found 60 of 60 rows,"
            " first tickets/strange.ndjson, row 1; passes:" in line
        )
        assert "run again, or change the rule in orchestration/quality/suites" in line
        assert "Traceback" not in said

    def test_no_model_is_built_and_nothing_is_published(self, stopped_at_the_gate: Stopped) -> None:
        for step in ("building the warehouse", "candidate", *AFTER_THE_CHECKS):
            assert step not in stopped_at_the_gate.stopped.stderr
        assert stopped_at_the_gate.after == stopped_at_the_gate.before
        assert_nothing_temporary(stopped_at_the_gate.home)

    def test_what_it_found_is_kept_and_names_nobody(self, stopped_at_the_gate: Stopped) -> None:
        last = history.last_run(stopped_at_the_gate.home, "landed")
        assert last is not None
        assert last.count("stopped") == 1
        assert len(last.failing_rows) == 20
        log = log_file(stopped_at_the_gate.home).read_text()
        shown = [history.file(stopped_at_the_gate.home).read_text(), log]
        assert "MIRABELLE" not in "".join(shown) + stopped_at_the_gate.stopped.stderr

    def test_a_close_without_faults_is_not_warned(self, closed: Run) -> None:
        assert "quality_gate" not in closed.finished.stderr
        assert [run.stage for run in history.runs(closed.home)] == ["landed", "published"]


@pytest.mark.long
def test_who_mends_what_the_gate_saw_goes_on(mended_at_the_gate: Mended) -> None:
    assert [finished.returncode for finished in mended_at_the_gate.stopped] == [1]
    assert mended_at_the_gate.mended.returncode == 0, mended_at_the_gate.mended.stderr
    runs = history.runs(mended_at_the_gate.home)
    assert [bool(run.count("stopped")) for run in runs if run.stage == "landed"] == [
        False,
        True,
        False,
    ]


@pytest.mark.long
def test_running_again_stops_again_and_mending_the_file_in_place_is_enough(
    mended_at_last: Mended,
) -> None:
    assert [finished.returncode for finished in mended_at_last.stopped] == [1, 1]
    assert mended_at_last.mended.returncode == 0, mended_at_last.mended.stderr
    rows = query(
        mended_at_last.home,
        "select distinct agent_id from marts.monthly_performance_summary where revision = 2",
    )
    assert rows == [{"agent_id": "A00001"}]
    assert_nothing_temporary(mended_at_last.home)


@pytest.mark.long
class TestFailingDataTest:
    def test_the_close_stops_and_names_the_test(self, failing_data_test: Stopped) -> None:
        assert failing_data_test.stopped.returncode == 1
        assert "parts_are_within_their_whole" in failing_data_test.stopped.stderr
        assert "Traceback" not in failing_data_test.stopped.stderr

    def test_no_asset_after_it_runs_whatever_it_is_written_in(
        self, failing_data_test: Stopped
    ) -> None:
        for step in ("candidate", *AFTER_THE_CHECKS):
            assert step not in failing_data_test.stopped.stderr
        assert failing_data_test.after == failing_data_test.before

    def test_it_is_cleaned_up_after(self, failing_data_test: Stopped) -> None:
        assert_nothing_temporary(failing_data_test.home)
