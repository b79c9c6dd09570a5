"""What a purge would remove, what rules and holds keep, and that a purge stopped anywhere is completed."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from ingestion import Home, UnusableInput, ingest, ledger
from orchestration import encrypting, holds, purging, retention, verification
from orchestration.project import PROJECT_DIR
from orchestration.retention import Item, Listing
from orchestration.rules import check_rules
from orchestration.storage import storage_of
from reports.manifest import Folder
from reports.period import Period

TODAY = dt.date(2026, 11, 15)
RULES = retention.rule_table(PROJECT_DIR)
KINDS = ("tickets", "pages", "outbox")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def land(home: Home, **files: str) -> None:
    """Load ticket files; each is `id resolved_at [created_at]` by line."""
    folder = home.root.parent / "landing" / "tickets"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        rows = [line.split() for line in text.splitlines()]
        body = "".join(
            f"{ticket},A1,{(*created, at)[0]}T00:00:00Z,resolved,{at}T00:00:00Z\n"
            for ticket, at, *created in rows
        )
        (folder / f"{name}.csv").write_text(
            "ticket_id,agent_id,created_at,status,resolved_at\n" + body
        )
    ingest(home, folder.parent, ["tickets"])


def look(home: Home, before: dt.date | None = None, runs: tuple[Item, ...] = ()) -> Listing:
    return retention.look(home, RULES, TODAY, runs, before)


def raw_names(home: Home) -> dict[str, str]:
    """Path of the raw file of each landed one."""
    return {
        Path(load.file).stem: f"raw/tickets/{load.load_id}.parquet"
        for load in ledger.read_ledger(home)
    }


def due(home: Home, kind: str = "tickets") -> set[str]:
    names = {path: name for name, path in raw_names(home).items()}
    return {names.get(item.path, item.path) for item in look(home).due if item.kind == kind}


class TestRules:
    def test_the_months_before(self) -> None:
        november = dt.date(2026, 11, 1)
        assert retention.months_before(november, 1) == dt.date(2026, 10, 1)
        assert retention.months_before(november, 11) == dt.date(2025, 12, 1)
        assert retention.months_before(november, 25) == dt.date(2024, 10, 1)
        assert retention.months_before(november, 10**6) == dt.date(1, 1, 1)

    @pytest.mark.parametrize("kind", ["qa_evaluations", "feedback_sessions", "training_records"])
    def test_what_the_house_promised_cannot_be_edited_away(self, kind: str, tmp_path: Path) -> None:
        folder = tmp_path / "dbt_project" / "seeds"
        folder.mkdir(parents=True)
        for file in (PROJECT_DIR / "dbt_project" / "seeds").iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        (folder / "retention.csv").write_text(
            f"kind,keep_months,rationale\noutbox,0,x\n{kind},11,x\n"
        )
        with pytest.raises(UnusableInput) as refused:
            check_rules(tmp_path)
        assert str(refused.value) == (
            f"{folder / 'retention.csv'}, line 3, column keep_months: '11' is less than the 12 that {kind} must"
            " have; raise it"
        )
        (folder / "retention.csv").write_text(f"kind,keep_months,rationale\n{kind},12,x\n")
        check_rules(tmp_path)

    def test_before_only_keeps_more(self) -> None:
        rules = {rule.kind: rule for rule in retention.read_rules(RULES, TODAY)}
        assert rules["outbox"].cutoff == dt.date(2025, 10, 1)
        for before, cutoff in (("2025-01-01", "2025-01-01"), ("2026-10-01", "2025-10-01")):
            limited = retention.read_rules(RULES, TODAY, dt.date.fromisoformat(before))
            found = {rule.kind: rule.cutoff for rule in limited}
            assert found["outbox"] == dt.date.fromisoformat(cutoff)


class TestRawFiles:
    def test_the_month_before_the_first_whole_one_is_kept_too(self, home: Home) -> None:
        # 25 months before 2026-11 is 2024-10; what reaches into it may lie in 2024-09.
        land(home, august="t1 2024-08-31", september="t2 2024-09-01", now="t3 2026-11-01")
        assert due(home) == {"august"}
        assert look(home).kept_from == dt.date(2024, 10, 1)

    def test_a_file_with_one_younger_row_stays_whole(self, home: Home) -> None:
        land(home, mixed="t1 2024-02-01\nt2 2026-10-01", old="t3 2024-02-01")
        assert due(home) == {"old"}

    def test_an_old_version_never_rises_again(self, home: Home) -> None:
        # t1 is corrected in `second`; `first` stays because of t2: without `second`, the old t1 would be back.
        land(home, first="t1 2024-02-01\nt2 2026-10-01", second="t1 2024-03-01\nt3 2024-03-01")
        land(home, third="t3 2024-04-01", alone="t4 2024-03-02")
        assert due(home) == {"alone"}

    def test_versions_that_all_go_go_together(self, home: Home) -> None:
        land(home, first="t1 2024-02-01", second="t1 2024-03-01")
        assert due(home) == {"first", "second"}

    def test_nothing_old_nothing_due(self, home: Home) -> None:
        land(home, now="t1 2026-10-01")
        assert look(home).items == ()
        assert look(home).kept_from is None


class TestHolds:
    def hold(self, home: Home, kind: str, first: str | None, last: str | None) -> holds.Hold:
        months = [dt.date.fromisoformat(f"{m}-01") if m else None for m in (first, last)]
        return holds.place(home, kind, KINDS, (months[0], months[1]), None, "case 17/26", "J. Doe")

    @pytest.mark.parametrize(
        ("kind", "first", "last", "kept"),
        [
            ("everything", None, None, True),
            ("tickets", "2024-02", "2024-02", True),
            ("tickets", "2024-03", None, False),
            ("tickets", None, "2023-12", False),
            ("outbox", None, None, False),
        ],
    )
    def test_what_is_held_stays(
        self, home: Home, kind: str, first: str | None, last: str | None, kept: bool
    ) -> None:
        land(home, old="t1 2024-02-01")
        placed = self.hold(home, kind, first, last)
        (item,) = look(home).items
        assert (item.held is not None) is kept
        assert look(home).due == ([] if kept else [item])
        holds.release(home, placed.number, "case closed", "J. Doe")
        assert due(home) == {"old"}

    def test_a_held_file_keeps_the_other_versions_of_its_rows(self, home: Home) -> None:
        land(home, first="t1 2024-02-01", second="t1 2024-03-01", alone="t2 2024-03-01")
        self.hold(home, "tickets", "2024-02", "2024-02")
        assert due(home) == {"alone"}

    def test_a_month_in_the_middle_of_a_file_holds_it(self, home: Home) -> None:
        # Created in 2024-01 and resolved in 2024-03: a file of three months.
        land(home, old="t1 2024-03-01 2024-01-01")
        self.hold(home, "tickets", "2024-02", "2024-02")
        assert due(home) == set()

    def test_the_ledger_names_nobody_and_the_text_is_told(self, home: Home) -> None:
        home.prepare()
        placed = holds.place(
            home, "everything", KINDS, (None, None), "A00007", "case 17/26", "J. Doe"
        )
        assert "case 17/26" in placed.title
        for secret in ("A00007", "case 17/26", "J. Doe"):
            assert secret not in home.ledger.read_text()
        with pytest.raises(UnusableInput, match=r"hold 1 .* keeps data about A00007: end it first"):
            holds.refuse_erasing(home, "A00007")
        holds.refuse_erasing(home, "A00008")

    def test_wrong_use_is_one_line(self, home: Home) -> None:
        home.prepare()
        with pytest.raises(
            UnusableInput, match="no kind of data 'ticket': one of everything, tick"
        ):
            self.hold(home, "ticket", None, None)
        with pytest.raises(UnusableInput, match="--to 2026-01 is before --from 2026-02"):
            self.hold(home, "tickets", "2026-02", "2026-01")
        with pytest.raises(UnusableInput, match="hold 3 is not in force; in force: none"):
            holds.release(home, 3, "x", "y")


def with_reports(home: Home) -> None:
    """Reports of an old and of a young month: a page, and a PDF of a revision."""
    home.prepare()
    for name in ("2019-10", "2022-10", "2026-10"):
        folder = Folder.open(home.reports / name)
        prints = {"data_fingerprint": "d", "build_fingerprint": "b"}
        folder.put("index.html", b"page", "index", **prints)
        folder.put("agents/A1.pdf", b"pdf", "agent", subject_id="A1", revision=1, **prints)
        folder.finish(Period.month(dt.date.fromisoformat(f"{name}-01")))
        (home.outbox / name).mkdir()
        (home.outbox / name / "message.eml").write_text("hello")


class TestPurge:
    def test_it_removes_what_is_due_and_leaves_the_proof(
        self, home: Home, instance: dg.DagsterInstance
    ) -> None:
        land(home, old="t1 2024-02-01\nt2 2024-02-02", now="t3 2026-10-01")
        with_reports(home)
        listing = look(home)
        paths = raw_names(home)
        proof = retention.proof(home, [i for i in listing.due if i.kind == "tickets"])
        purging.purge(home, listing, instance)
        assert not (home.root / paths["old"]).exists()
        assert (home.root / paths["now"]).exists()
        (record,) = ledger.records(home, "purge")
        assert record.content["files"] == {paths["old"]: None}
        assert record.content["kept_from"] == "2024-10"
        assert record.content["rules_sha256"] == retention.rules_sha256(RULES)
        kinds = {kind["kind"]: kind for kind in record.content["kinds"]}
        assert kinds["tickets"].items() >= {
            "before": "2024-10", "files": 1, "rows": 2, "proof": proof,
        }.items()  # fmt: skip
        assert kinds["pages"]["files"] == 2
        assert kinds["pdfs"]["files"] == 1
        assert kinds["outbox"]["files"] == 2
        assert "A1" not in json.dumps(record.content)
        assert verification.verify(home).problems == []
        assert look(home).items == ()
        # Of 2022 the PDF is kept, and listed; of 2019 nothing.
        assert {folder.name for folder in home.reports.iterdir() if folder.is_dir()} == {
            "2022-10", "2026-10",
        }  # fmt: skip
        assert not (home.reports / "2022-10" / "index.html").exists()
        assert verification.verify(home).checked["PDFs of revisions"] == 2
        assert "2022-10" not in (home.reports / "index.html").read_text()
        assert {folder.name for folder in home.outbox.iterdir()} == {"2026-10"}

    def test_an_encrypted_home_is_purged_as_one_in_the_clear(
        self, home: Home, instance: dg.DagsterInstance
    ) -> None:
        land(home, old="t1 2024-02-01\nt2 2024-02-02", now="t3 2026-10-01")
        with_reports(home)
        plain = look(home)
        encrypting.encrypt(home, bytes(32))
        listing = look(home)
        assert [(item.kind, item.month, item.rows) for item in listing.items] == [
            (item.kind, item.month, item.rows) for item in plain.items
        ]
        purging.purge(home, listing, instance)
        (record,) = ledger.records(home, "purge")
        kinds = {kind["kind"]: kind["files"] for kind in record.content["kinds"]}
        assert kinds == {"tickets": 1, "pages": 2, "pdfs": 1, "outbox": 2}
        found = verification.verify(home)
        assert (found.problems, found.checked["PDFs of revisions"]) == ([], 2)
        assert look(home).items == ()
        storage = storage_of(home.reports)
        assert not storage.exists(home.reports / "2022-10" / "index.html")
        assert storage.exists(home.reports / "2022-10" / "agents" / "A1.pdf")
        assert b"2022-10" not in storage.read(home.reports / "index.html")
        assert not (home.reports / "2019-10").exists()

    def test_a_missing_file_that_nobody_purged_is_named(
        self, home: Home, instance: dg.DagsterInstance
    ) -> None:
        land(home, old="t1 2024-02-01", now="t2 2026-10-01")
        purging.purge(home, look(home), instance)
        (home.root / raw_names(home)["now"]).unlink()
        assert verification.verify(home).problems == [f"{raw_names(home)['now']}: is missing"]

    @pytest.mark.parametrize("stop_at", [0, 1, 4])
    def test_stopped_anywhere_it_is_completed_once(
        self,
        home: Home,
        instance: dg.DagsterInstance,
        stop_at: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        land(home, old="t1 2024-02-01", older="t2 2024-01-01", now="t3 2026-10-01")
        with_reports(home)
        deeds = iter(range(100))
        real = Path.unlink

        def unlink(path: Path, missing_ok: bool = False) -> None:
            if next(deeds) == stop_at:
                raise KeyboardInterrupt
            real(path, missing_ok)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", unlink)
            with pytest.raises(KeyboardInterrupt):
                purging.purge(home, look(home), instance)
        assert purging.journal(home).exists()
        purging.complete_unfinished(home, instance)
        assert not purging.journal(home).exists()
        (record,) = ledger.records(home, "purge")
        assert len(record.content["files"]) == 2
        assert verification.verify(home).problems == []
        assert look(home).items == ()

    def test_a_stop_after_the_record_does_not_record_twice(
        self, home: Home, instance: dg.DagsterInstance
    ) -> None:
        land(home, old="t1 2024-02-01")
        listing = look(home)
        record = retention.record_of(home, listing, "abc")
        intention = {"record": record, "paths": [i.path for i in listing.due], "runs": []}
        for _ in range(2):
            purging.journal(home).write_text(json.dumps(intention))
            assert purging.complete(home, instance)
        assert len(ledger.records(home, "purge")) == 1

    def test_runs_of_the_orchestrator_go_by_their_age(
        self, home: Home, instance: dg.DagsterInstance
    ) -> None:
        home.prepare()

        @dg.job
        def empty() -> None:
            pass

        run_id = empty.execute_in_process(instance=instance).run_id
        (item,) = purging.past_runs(instance)
        assert item.path == run_id
        july, august = dt.date(2026, 7, 1), dt.date(2026, 8, 1)
        old = Item("run_history", july, july, run_id, None, 0)
        assert look(home, runs=(Item("run_history", august, august, run_id, None, 0),)).due == []
        listing = look(home, runs=(old,))
        assert listing.due == [old]
        purging.purge(home, listing, instance)
        assert not instance.has_run(run_id)

    def test_a_purged_month_is_refused(self, home: Home, instance: dg.DagsterInstance) -> None:
        land(home, old="t1 2024-02-01")
        retention.refuse_purged(home, dt.date(2024, 2, 1), "closed")
        purging.purge(home, look(home), instance)
        retention.refuse_purged(home, dt.date(2024, 10, 1), "closed")
        with pytest.raises(
            UnusableInput,
            match=r"2024-09 cannot be closed: its raw rows were purged at .*; the first month that is whole is 2024-10",
        ):
            retention.refuse_purged(home, dt.date(2024, 9, 1), "closed")

    def test_purged_files_are_not_loaded_again(
        self, home: Home, instance: dg.DagsterInstance
    ) -> None:
        land(home, old="t1 2024-02-01")
        purging.purge(home, look(home), instance)
        land(home)
        assert len(ledger.records(home, "load")) == 1
        assert verification.verify(home).problems == []
