"""What a file is, is told from its content: every form, every source, and what nothing can be made of."""

import gzip
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion import ENTITIES, UnusableInput
from ingestion.limits import UnusableFileError
from ingestion.sources import recognise
from ingestion.sources.forms import HEAD_BYTES, Form, form_of
from ingestion.sources.recognise import RECOGNISED, Looked, SeenFile, look, matches_of
from ingestion.sources.sample import write_sample
from ingestion.sources.skeleton import skeleton
from tests.unit.ingestion.ingestion_bench import EVENT

CONTACT = {
    "ContactId": "c1",
    "Channel": "VOICE",
    "InitiationTimestamp": "2026-10-01T08:00:00Z",
    "LastUpdateTimestamp": "2026-10-02T09:00:00Z",
    "Agent": {"Username": "anna"},
}
CONTACTS = [json.dumps({**CONTACT, "ContactId": name}) for name in "abc"]
LOG = "1790000000|c1|q|Anna|CONNECT|3|c2|1\n1790086400|c1|q|Anna|COMPLETEAGENT|3|60|1\n"
EVENTS_CSV = "event_id,agent_id,occurred_at,status\ne1,a1,2026-01-31T09:30:00Z,active\n"


def seen(tmp_path: Path, content: bytes | str, name: str = "export") -> SeenFile:
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    (one,) = looked(tmp_path).files
    return one


def looked(folder: Path) -> Looked:
    return look(folder, lambda sentence: None)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("\n".join(CONTACTS), "JSON objects, one a line"),
        ("".join(CONTACTS), "JSON objects one after the other"),
        ("[" + ",".join(CONTACTS) + "]", "a JSON list"),
        (json.dumps(CONTACT, indent=2), "one JSON object"),
        ("\n".join(json.dumps(CONTACT, indent=1) for _ in "ab"), "JSON objects over many lines"),
        ("\ufeff" + "\n".join(CONTACTS), "JSON objects, one a line, byte-order mark"),
        (gzip.compress("".join(CONTACTS).encode()), "JSON objects one after the other, gzip"),
    ],
    ids=["lines", "concatenated", "list", "one", "indented", "BOM", "gzip"],
)
def test_every_arrangement_of_json_is_recognised(
    tmp_path: Path, content: bytes | str, said: str
) -> None:
    one = seen(tmp_path, content)
    assert one.form is not None
    assert (one.form.kind, one.form.said) == ("json", said)
    assert (one.target, one.problem) == ("amazon_connect/contact_records", None)
    assert (one.form.first_day, one.form.last_day) == ("2026-10-01", "2026-10-02")


@pytest.mark.parametrize(
    ("mark", "said"),
    [(",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "bars")],
    ids=["comma", "semicolon", "tab", "bar"],
)
def test_csv_is_recognised_with_what_separates_it(tmp_path: Path, mark: str, said: str) -> None:
    one = seen(tmp_path, EVENTS_CSV.replace(",", mark))
    assert one.form is not None
    assert one.form.said == f"CSV separated by {said}"
    assert one.form.columns == ("event_id", "agent_id", "occurred_at", "status")
    assert one.target == "status_events"


def test_a_trailer_is_told_and_a_row_that_was_cut_off_is_none(tmp_path: Path) -> None:
    with_trailer = seen(tmp_path, EVENTS_CSV + "rows: 1\n").form
    assert with_trailer is not None
    assert with_trailer.said == "CSV separated by commas, with a trailer"
    cut = seen(tmp_path, EVENTS_CSV + "e2,a1").form
    assert cut is not None
    assert cut.said == "CSV separated by commas"


def test_the_end_of_a_long_file_tells_of_its_trailer_and_its_last_day(tmp_path: Path) -> None:
    rows = "e1,a1,2026-02-01T09:30:00Z,active\n" * (HEAD_BYTES // 30)
    one = seen(tmp_path, EVENTS_CSV + rows + "e2,a1,2026-03-01T00:00:00Z,away\n2 rows\n")
    assert one.form is not None
    assert one.form.said.endswith("with a trailer")
    assert (one.form.first_day, one.form.last_day) == ("2026-01-31", "2026-03-01")


def test_a_queue_log_is_recognised_gzip_or_not(tmp_path: Path) -> None:
    for content in (LOG.encode(), gzip.compress(LOG.encode())):
        one = seen(tmp_path, content, "queue_log.1")
        assert one.target == "asterisk/queue_log"
        assert one.form is not None
        assert (one.form.first_day, one.form.last_day) == ("2026-09-21", "2026-09-22")


def test_parquet_is_recognised_whatever_its_name(tmp_path: Path) -> None:
    table = pa.table(
        {name: pa.array([value]) for name, value in EVENT.items() if name != "occurred_at"}
        | {"occurred_at": pa.array([1_790_000_000_000_000], pa.timestamp("us", "UTC"))}
    )
    path = tmp_path / "a*[b].parquet"
    pq.write_table(table, path)
    (one,) = looked(tmp_path).files
    assert one.form is not None
    assert (one.form.said, one.form.first_day) == ("Parquet of 1 rows", "2026-09-21")
    assert one.target == "status_events"


@pytest.mark.parametrize(
    "name", [name for name, entity in ENTITIES.items() if entity.form == "objects"]
)
def test_a_record_with_the_fields_of_an_entity_is_of_it(tmp_path: Path, name: str) -> None:
    entity = ENTITIES[name]
    assert entity.known_by, "say by which fields its records are known"
    record: dict[str, object] = dict.fromkeys(entity.known_by, "x")
    assert seen(tmp_path, json.dumps(record)).target == name
    # A page of the vendor's interface holds the same records.
    for list_name in entity.lists:
        page = json.dumps({list_name: [record, record], "next": None})
        one = seen(tmp_path, page)
        assert one.target == name
        assert one.form is not None
        assert one.form.said == f"a page with a list ({list_name})"


def test_no_entity_is_taken_for_another() -> None:
    for name, entity in ENTITIES.items():
        record = dict.fromkeys(entity.known_by, "x")
        form = Form("json", "", records=(record,)) if record else Form("log", "")
        first, *others = matches_of(form)
        assert first.target == name
        assert all(match.score < 1 for match in others)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\x00\x01\x02" * 1000, "neither text nor Parquet"),
        (b"PK\x03\x04rest", "zip archive or a workbook"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        ("name;city\nJos\u00e9;K\u00f6ln\n".encode("cp1252"), "line 2 is not UTF-8"),
        (b"\x1f\x8b\x08\x00broken", "gzip data"),
        (gzip.compress("".join(CONTACTS).encode())[:-20], "ends too early"),
        (b"PAR1broken", "cannot be read as Parquet"),
        (b"[" + CONTACTS[0].encode() + b",", "not closed"),
        (b'{"ContactId": ', "begins in line 1"),
        (b'{"a": // remark\n1}', "no JSON object can be read"),
        (b"Dear all, here are the files, of last month\nBest regards\n", "no JSON"),
        (b"x" * (2 * HEAD_BYTES), "no JSON"),
        (b"a,b\n" + b'"' * (2 * HEAD_BYTES), None),
    ],
    ids=[
        *("empty", "blank", "binary", "zip", "UTF-16", "cp1252", "broken gzip", "cut gzip"),
        *("broken Parquet", "open list", "cut object", "remarks", "prose", "huge line"),
        "open quote",
    ],
)
def test_what_nothing_can_be_made_of_says_why(
    tmp_path: Path, content: bytes, problem: str | None
) -> None:
    one = seen(tmp_path, content)
    if problem is None:
        assert one.problem is None
    else:
        assert problem in str(one.problem)
    assert one.target is None


def test_a_record_longer_than_what_is_read_is_told_and_not_waited_for(tmp_path: Path) -> None:
    one = seen(tmp_path, '{"ContactId": "' + "x" * (3 * HEAD_BYTES) + '"}')
    assert "longer than a MiB" in str(one.problem)


def test_records_without_some_fields_lower_the_score(tmp_path: Path) -> None:
    less = {name: CONTACT[name] for name in ("ContactId", "Channel")}
    one = seen(tmp_path, "\n".join(map(json.dumps, [CONTACT, less])))
    assert one.match is not None
    assert one.match.score == 0.75
    assert one.match.missing == ()


def test_a_record_that_holds_a_list_of_that_name_is_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entity = ENTITIES["amazon_connect/contact_records"]
    paged = replace(entity, lists=("evaluations",))
    monkeypatch.setattr("ingestion.sources.forms.ENTITIES", {entity.name: paged})
    record = json.dumps({**CONTACT, "evaluations": []})
    one = seen(tmp_path, f"{record}\n{record}\n")
    assert one.form is not None
    assert one.form.said == "JSON objects, one a line"


def test_a_page_longer_than_what_is_read_is_recognised_by_its_first_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entity = ENTITIES["amazon_connect/contact_records"]
    paged = replace(entity, lists=("items",))
    for module in (recognise, "ingestion.sources.forms", "ingestion.sources.sample"):
        where = module if isinstance(module, str) else module.__name__
        monkeypatch.setattr(f"{where}.ENTITIES", {**ENTITIES, entity.name: paged})
    many = ",".join(CONTACTS * 4000)
    one = seen(tmp_path, '{"total": 12000, "items": [' + many + "]}", "page.json")
    assert one.target == entity.name
    assert one.form is not None
    assert one.form.said == "a page with a list (items)"
    sample = tmp_path / "sample" / "page.json"
    assert write_sample(tmp_path / "page.json", entity.name, sample) is False
    lines = sample.read_text().splitlines()
    assert len(lines) > 1000
    assert {json.loads(line)["ContactId"] for line in lines} == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("place", "inside", "target"),
    [
        ("landing", "agents/a.csv", "agents"),
        ("landing", "amazon_connect/agent_events/2026/10/x", "amazon_connect/agent_events"),
        ("amazon_connect", "agent_events/x", "amazon_connect/agent_events"),
        ("amazon_connect/agent_events", "2026/10/x", "amazon_connect/agent_events"),
        ("tickets", "sub/x.csv", "tickets"),
        ("heap", "x", None),
        ("heap", "agent_events/x", None),
    ],
)
def test_the_folder_a_file_lies_in_is_known_from_wherever_one_looks(
    tmp_path: Path, place: str, inside: str, target: str | None
) -> None:
    path = tmp_path / place / inside
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    (one,) = looked(tmp_path / place).files
    assert one.lies_in == target


def test_a_file_in_the_wrong_folder_is_told_where_it_belongs(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "events.csv").write_text(EVENTS_CSV)
    (one,) = looked(tmp_path).files
    assert one.target == "status_events"
    assert one.problem == "it lies in agents, but looks like status_events"


def test_a_file_without_the_columns_of_its_folder_says_which(tmp_path: Path) -> None:
    (tmp_path / "tickets").mkdir()
    (tmp_path / "tickets" / "t.csv").write_text("ticket_id,opened\n1,2026-10-01T08:00:00Z\n")
    (one,) = looked(tmp_path).files
    assert one.problem == "it lies in tickets, but has no column created_at, status"


@pytest.mark.parametrize(
    ("lies_in", "content", "problem"),
    [
        ("asterisk/queue_log", "a,b\n1,2\n", "no line of a queue log"),
        ("amazon_connect/evaluations", '{"x": 1}', "none of its fields evaluationId, metadata"),
    ],
)
def test_a_file_without_the_fields_of_its_entity_says_so(
    tmp_path: Path, lies_in: str, content: str, problem: str
) -> None:
    path = tmp_path / lies_in / "x"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    (one,) = looked(tmp_path).files
    assert problem in str(one.problem)


def test_hidden_files_are_ignored_and_links_out_of_the_folder_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "events.csv").write_text(EVENTS_CSV)
    (folder / ".hidden").write_text(EVENTS_CSV)
    (folder / "half.csv.part").write_text(EVENTS_CSV)
    (tmp_path / "secret").write_text("x")
    (folder / "link").symlink_to(tmp_path / "secret")
    found = looked(folder)
    assert [file.path for file in found.files] == ["events.csv"]
    assert found.ignored == (".hidden", "half.csv.part")
    assert [path for path, _ in found.left_out] == ["link"]


def test_a_folder_or_file_without_permission_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "events.csv").write_text(EVENTS_CSV)
    (tmp_path / "mine.csv").write_text(EVENTS_CSV)
    # Whoever runs the tests may be allowed everything: the refusals are made up.
    walk = recognise.os.walk

    def refusing(root: Path, onerror: object) -> Iterable[object]:
        for place in walk(root):
            if Path(place[0]).name == "closed":
                assert callable(onerror)
                onerror(PermissionError(13, "Permission denied", place[0]))
                continue
            yield place

    def form(path: Path) -> Form:
        if path.name == "mine.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return form_of(path)

    monkeypatch.setattr(recognise.os, "walk", refusing)
    monkeypatch.setattr(recognise, "form_of", form)
    found = looked(tmp_path)
    assert found.left_out == (("closed", "Permission denied"),)
    assert [file.problem for file in found.files] == [None, "Permission denied"]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda folder: None, "there is no folder"),
        (lambda folder: folder.mkdir(), "there is no file in"),
        (lambda folder: folder.write_text("x"), "is a file; name the folder"),
    ],
    ids=["missing", "empty", "a file"],
)
def test_wrong_use_is_one_sentence(tmp_path: Path, make: object, sentence: str) -> None:
    assert callable(make)
    make(tmp_path / "exports")
    with pytest.raises(UnusableInput, match=sentence):
        looked(tmp_path / "exports")


def test_of_thousands_of_files_some_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognise, "OPENED", 10)
    for number in range(35):
        (tmp_path / f"stream-{number:02}-4b{number}f").write_text(EVENTS_CSV)
    (tmp_path / "people.csv").write_text("agent_id\n")
    found = looked(tmp_path)
    assert found.files_in_all == 36
    assert found.bytes_in_all == 35 * len(EVENTS_CSV) + len("agent_id\n")
    names = [file.path for file in found.files]
    # Of names that differ in numbers alone some; what is named otherwise is looked at as well.
    assert len(names) == 10
    assert names[0] == "people.csv"
    assert [int(name[7:9]) for name in names[1:]] == [n * 35 // 9 for n in range(9)]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_sample_ends_with_a_whole_record(tmp_path: Path, packed: bool) -> None:
    row = 'e1,a1,2026-02-01T09:30:00Z,"active\n"\n'
    content = (EVENTS_CSV + row * (2 * HEAD_BYTES // len(row))).encode()
    source, sample = tmp_path / "events.csv", tmp_path / "sample" / "events.csv"
    source.write_bytes(gzip.compress(content) if packed else content)
    assert write_sample(source, "status_events", sample) is True
    written = sample.read_bytes()
    text = gzip.decompress(written) if packed else written
    assert content.startswith(text)
    assert HEAD_BYTES - 100 < len(text) <= HEAD_BYTES
    assert text.endswith(b'\n"\n')


def test_a_sample_of_a_long_stream_is_its_first_records(tmp_path: Path) -> None:
    content = "".join(CONTACTS * 8000)
    source, sample = tmp_path / "stream", tmp_path / "sample" / "stream"
    source.write_text(content)
    assert write_sample(source, "amazon_connect/contact_records", sample) is False
    records = sample.read_text().splitlines()
    assert records == (CONTACTS * 8000)[: len(records)]
    assert len(records) > 1000


def test_a_damaged_file_has_no_sample(tmp_path: Path) -> None:
    source = tmp_path / "x.csv.gz"
    source.write_bytes(b"\x1f\x8b\x08\x00broken")
    with pytest.raises(UnusableFileError):
        write_sample(source, "agents", tmp_path / "sample" / "x")


def test_the_beginning_of_a_mapping_names_their_most_similar_columns() -> None:
    columns = ["call_id", "type", "start_at", "end_at", "user_id", "talk_time", 'odd "name"']
    assert skeleton("calls 10", columns, ";", "31/10/2026 09:00") == "\n".join(
        [
            'time_zone: "?"   # such as Europe/Warsaw, where their times have no offset',
            'time_format: "?"   # of times such as 31/10/2026 09:00',
            "rows:",
            '- from: "calls 10"',
            "  into: interactions   # or another dataset of docs/landing.md",
            "  separator: semicolon",
            "  columns:",
            "    interaction_id: call_id   # needed; identifier",
            "    agent_id: user_id   # optional; identifier",
            '    customer_id: "?"   # needed; identifier',
            '    channel: "?"   # needed; values: voice, chat, email, social, video, back_office',
            "    direction: type   # needed; values: inbound, outbound",
            "    queued_at: start_at   # needed; instant",
            "    ended_at: end_at   # optional; instant",
            "    talk_seconds: talk_time   # optional; seconds",
            '  # their columns: call_id, type, start_at, end_at, user_id, talk_time, odd "name"',
        ]
    )


def test_a_score_below_the_limit_is_no_recognition(tmp_path: Path) -> None:
    one = seen(tmp_path, "survey_id,agent_id," + ",".join(f"c{n}" for n in range(20)) + "\n")
    assert one.matches[0].target == "csat_surveys"
    assert one.matches[0].score < RECOGNISED
    assert one.target is None
