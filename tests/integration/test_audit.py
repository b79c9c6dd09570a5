"""The ledger of a closed and restated home: verified, signed, tampered with, and gone back to."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingestion import Home, UnusableInput, ledger
from orchestration import past, records, signing, verification
from orchestration.closing import record_revisions
from orchestration.months import parse_month
from tests.integration.scenes import MONTH, Finished, Run, Stage, marts
from tests.integration.test_close import Restatement, restated
from tests.support.command import scorehouse

# A scene waits for its turn: see scenes.py.
pytestmark = pytest.mark.timeout(1800)

__all__ = ["restated"]


@dataclass(frozen=True)
class Past:
    home: Home
    then: Home
    finished: Finished


@pytest.fixture(scope="module")
def gone_back(restated: Restatement, stage: Stage) -> Past:
    """The restated home as it was known when its first publication was recorded."""
    (first, *_) = ledger.records(restated.home, "publication")
    then = stage.fresh("gone_back")
    finished = scorehouse(
        "as-known-on", first.recorded_at, "--home", restated.home.root, "--out", then.root
    )
    return Past(restated.home, then, finished)


@pytest.mark.long
class TestAsKnownOn:
    def test_the_state_before_the_restatement_is_the_same_mart_by_mart(
        self, gone_back: Past, restated: Restatement
    ) -> None:
        assert gone_back.finished.returncode == 0, gone_back.finished.stderr
        assert "the same, mart by mart" in gone_back.finished.stdout
        assert "the models are the same" in gone_back.finished.stdout
        assert marts(gone_back.then) == marts(restated.before)
        assert marts(gone_back.then) != marts(restated.home)

    def test_the_home_holds_the_beginning_of_the_chain_and_verifies(self, gone_back: Past) -> None:
        whole = gone_back.home.ledger.read_bytes()
        assert whole.startswith(gone_back.then.ledger.read_bytes())
        assert verification.verify(gone_back.then).problems == []

    def test_a_folder_in_use_is_refused(self, gone_back: Past) -> None:
        refused = scorehouse(
            "as-known-on", "2026-12-01", "--home", gone_back.home.root, "--out", gone_back.then.root
        )
        assert refused.returncode == 2
        assert "is not empty" in refused.stderr

    def test_before_the_first_publication_there_is_nothing(
        self, closed: Run, tmp_path: Path
    ) -> None:
        refused = scorehouse(
            "as-known-on", "2020-01-01", "--home", closed.home.root, "--out", tmp_path / "x"
        )
        assert refused.returncode == 2
        assert "nothing was published by 2020-01-01T23:59:59.999Z" in refused.stderr

    def test_a_changed_raw_file_stops_it(self, copy: Home, tmp_path: Path) -> None:
        raw = change_last_byte(
            next(iter(sorted(copy.raw_folder("tickets").glob("[!_s]*.parquet"))))
        )
        refused = scorehouse(
            "as-known-on", "2100-01-01", "--home", copy.root, "--out", tmp_path / "x"
        )
        assert refused.returncode == 2
        assert f"{raw} is missing or was changed" in refused.stderr


@pytest.fixture
def copy(closed: Run, tmp_path: Path) -> Home:
    """A closed home to tamper with."""
    left_out = shutil.ignore_patterns("dagster", "*.html", "*.csv", "*.log")
    return Home(shutil.copytree(closed.home.root, tmp_path / "copy", ignore=left_out))


def change_last_byte(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    return path


def one_of(folder: Path, pattern: str) -> Path:
    return sorted(folder.glob(pattern))[0]


class TestVerify:
    def test_a_closed_home_is_all_well_and_says_its_head(self, closed: Run) -> None:
        told = scorehouse("verify", "--home", closed.home.root)
        last = ledger.head(closed.home)
        assert last is not None
        assert told.returncode == 0, told.stdout
        assert "all well" in told.stdout
        verification.require_unaltered(closed.home)
        assert last.hash in told.stdout
        again = scorehouse("verify", "--home", closed.home.root, "--head", last.hash)
        assert again.returncode == 0, again.stdout

    @pytest.mark.parametrize(
        ("folder", "pattern"),
        [
            ("raw/tickets", "[!_s]*.parquet"),
            ("records/performance", "*.parquet"),
            (f"reports/{MONTH}/agents", "*.pdf"),
        ],
    )
    @pytest.mark.parametrize("deed", ["changed", "missing"])
    def test_a_file_that_is_not_as_recorded_is_named(
        self, copy: Home, folder: str, pattern: str, deed: str
    ) -> None:
        path = one_of(copy.root / folder, pattern)
        if deed == "missing":
            path.unlink()
        else:
            change_last_byte(path)
        (problem,) = verification.verify(copy).problems
        assert problem.startswith(f"{folder}/{path.name}: ")
        assert deed in problem
        if not folder.startswith("reports/"):
            # Figures are made of it: no run goes on.
            with pytest.raises(UnusableInput, match=f"{path.name}: .*{deed}.*no figure"):
                verification.require_unaltered(copy)

    def test_files_that_nobody_recorded_are_named(self, copy: Home) -> None:
        for folder in (copy.raw_folder("tickets"), records.performance_folder(copy)):
            shutil.copy(one_of(folder, "[!_s]*.parquet"), folder / "planted.parquet")
        problems = verification.verify(copy).problems
        assert [problem.split(":")[0] for problem in problems] == [
            "raw/tickets/planted.parquet",
            "records/performance/planted.parquet",
        ]

    def test_one_changed_cell_of_the_published_database_is_named(self, copy: Home) -> None:
        import duckdb

        with duckdb.connect(str(copy.published_database)) as connection:
            connection.execute(
                "update marts.fct_agent_month set resolved_tickets = resolved_tickets + 1"
                " where agent_id = 'A00001'"
            )
        (problem,) = verification.verify(copy).problems
        assert problem.endswith("is not what was published last: fct_agent_month")

    def test_a_changed_table_function_is_named(self, copy: Home) -> None:
        import duckdb

        with duckdb.connect(str(copy.published_database)) as connection:
            connection.execute("create or replace macro marts.unit_days() as table select 1 as a")
        (problem,) = verification.verify(copy).problems
        assert problem.endswith("is not what was published last: unit_days")

    def test_a_tail_that_was_cut_off_is_betrayed_by_what_knows_a_later_record(
        self, copy: Home
    ) -> None:
        lines = copy.ledger.read_bytes().splitlines(keepends=True)
        copy.ledger.write_bytes(b"".join(lines[:3]))
        problems = verification.verify(copy).problems
        cut = [problem for problem in problems if "cut off: records 4 to " in problem]
        assert any("of which the published database knows" in problem for problem in cut)
        assert any("ledger.json knows" in problem for problem in cut)

    def test_only_a_noted_head_betrays_the_last_record(self, copy: Home) -> None:
        last = ledger.head(copy)
        assert last is not None
        lines = copy.ledger.read_bytes().splitlines(keepends=True)
        copy.ledger.write_bytes(b"".join(lines[:-1]))
        assert verification.verify(copy).problems == []
        (problem,) = verification.verify(copy, last.hash).problems
        assert last.hash in problem

    def test_a_changed_record_is_named_by_the_command(self, copy: Home) -> None:
        content = copy.ledger.read_bytes()
        copy.ledger.write_bytes(content.replace(b'"rows_rejected": 0', b'"rows_rejected": 1', 1))
        told = scorehouse("verify", "--home", copy.root)
        assert told.returncode == 1
        assert "wrong: ledger.ndjson: record 1 (load) was changed" in told.stdout


class TestLedger:
    def test_it_names_nobody_who_was_written_to(self, closed: Run) -> None:
        import json

        people = set(json.loads(closed.home.people.read_bytes())["secrets"]) - {""}
        assert len(people) > 2
        said = [json.dumps(record.content) for record in ledger.records(closed.home, "delivery")]
        assert not [person for person in people if any(person in line for line in said)]

    def test_a_close_names_its_models(self, closed: Run) -> None:
        (close,) = records.recorded_closes(closed.home)
        (*_, published) = records.publications(closed.home)
        assert close.model_version is not None
        assert close.model_version == published["model_version"]

    def test_a_recorded_close_is_never_written_again(self, closed: Run, copy: Home) -> None:
        # The warehouse of a home that never saw the close has all its revisions to write.
        month = parse_month(MONTH)
        file = records.close_file(copy, month, 1)
        before = file.read_bytes()
        import duckdb

        with duckdb.connect(str(copy.warehouse)) as connection:
            connection.execute(
                "create schema intermediate; create table intermediate.int_performance__new_revisions"
                f" as select * replace (0.0 as productivity_score) from '{file}'"
            )
        with pytest.raises(FileExistsError):
            record_revisions(copy, month)
        assert file.read_bytes() == before
        assert not list(file.parent.glob(".*"))
        assert verification.verify(copy).problems == []


class TestSign:
    def test_a_signature_is_recorded_once_and_names_what_was_signed(self, copy: Home) -> None:
        command = ["sign", MONTH, "--as", "finance", "--name", "J. Doe", "--note", "[bold]run 11"]
        first = scorehouse(*command, "--home", copy.root)
        assert first.returncode == 0, first.stderr
        again = scorehouse(*command, "--home", copy.root)
        assert "nothing was recorded" in again.stdout
        (record,) = ledger.records(copy, "signature")
        (close,) = records.recorded_closes(copy)
        assert record.content["sha256"] == close.sha256
        assert "J. Doe" not in copy.ledger.read_text()
        (signed,) = signing.signatures(copy)
        assert (signed.role, signed.name, signed.note) == ("finance", "J. Doe", "[bold]run 11")
        assert signed.superseded_by is None
        assert "finance" in scorehouse("status", "--home", copy.root).stdout

    def test_another_role_or_name_is_another_signature(self, copy: Home) -> None:
        month = parse_month(MONTH)
        for role, name in (("finance", "A"), ("finance", "B"), ("hr", "A"), ("hr", None)):
            assert signing.sign(copy, month, role, name, None)[1]
        assert not signing.sign(copy, month, "hr", None, "a note")[1]
        assert len(signing.signatures(copy)) == 4

    def test_a_restatement_leaves_the_signature_with_the_earlier_revision(
        self, copy: Home, restated: Restatement
    ) -> None:
        month = parse_month(MONTH)
        signing.sign(copy, month, "auditor", None, None)
        second = records.close_file(restated.home, month, 2)
        shutil.copy(second, records.close_file(copy, month, 2))
        records.record_closes(copy, None)
        (signed,) = signing.signatures(copy)
        assert (signed.close_number, signed.superseded_by) == (1, 2)
        told = " ".join(scorehouse("status", "--home", copy.root).stdout.split())
        assert "earlier" in told
        new, is_new = signing.sign(copy, month, "auditor", None, None)
        assert (new.close_number, is_new) == (2, True)

    @pytest.mark.parametrize(
        ("month", "role", "said"),
        [("2026-08", "hr", "2026-08 is not closed"), (MONTH, "boss", "there is no role 'boss'")],
    )
    def test_what_cannot_be_signed_is_refused(
        self, closed: Run, month: str, role: str, said: str
    ) -> None:
        refused = scorehouse("sign", month, "--as", role, "--home", closed.home.root)
        assert refused.returncode == 2
        assert said in refused.stderr


def test_what_was_loaded_after_the_last_publication_was_not_known(copy: Home) -> None:
    before = ledger.records(copy)
    ledger.append(copy, "load", {"status": "quarantined"})
    moment = past._known(copy, past.dt.datetime(2100, 1, 1, tzinfo=past.dt.UTC))
    assert len(moment.chain.records) == len(before)
