"""Loading one file: read, check, write raw and quarantine aside, and commit with a ledger line."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import duckdb

from ingestion import bytes_check, durable, encryption, engine, erased, stores, validation
from ingestion.contract import Dataset
from ingestion.engine import literal
from ingestion.home import Home
from ingestion.landing import LandingFile, is_unchanged
from ingestion.ledger import Load, Loads
from ingestion.limits import Limits, UnusableFileError, printable
from ingestion.mapping import reader as mapped_reader
from ingestion.readers import csv, ndjson, parquet
from ingestion.readers.common import RECORD_LENGTH, Landed, first_line
from ingestion.sources import ENTITIES, records
from ingestion.sources.inputs import INPUTS

CSV_NAMES = (".csv", ".csv.gz")
NDJSON_NAMES = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
PARQUET_NAMES = (".parquet",)

LOAD_ID_LENGTH = 12
IN_MEMORY_BYTES = 256 * 1024 * 1024
"""Text above this size is worked on in a database file in place of memory."""


class FileChangedError(Exception):
    """The file was written to while it was read; the next run takes it."""


def kind_of(path: str) -> str:
    """The ending of a file's name that says how it is read; empty when it cannot be."""
    endings = (*CSV_NAMES, *NDJSON_NAMES, *PARQUET_NAMES)
    return next((ending for ending in endings if path.lower().endswith(ending)), "")


def make_load_id(sha256: str, taken: Collection[str]) -> str:
    """The shortest prefix of the content's hash, from 12 characters on, that is not taken."""
    length = LOAD_ID_LENGTH
    while sha256[:length] in taken:
        length += 1
    return sha256[:length]


def load_file(
    home: Home, landing: Path, file: LandingFile, load_id: str, loads: Loads, limits: Limits
) -> Load | None:
    """Load one file or quarantine it whole; None when that is recorded, perhaps meanwhile.

    Raises:
        FileChangedError: the file is no longer what was identified; nothing was recorded.
        StoreError: the store of raw files cannot be reached; nothing was recorded.
    """
    dataset = file.entry.dataset if file.entry else INPUTS[file.dataset]
    quarantined = home.quarantine_file(file.dataset, load_id)
    raw = home.raw_folder(file.dataset) / f"{load_id}.parquet"
    raw_aside = durable.temporary_beside(raw)
    quarantine_aside = durable.temporary_beside(quarantined)
    try:
        with engine.scratch_folder(home.scratch) as folder:
            try:
                load = _load_rows(
                    landing,
                    file,
                    dataset,
                    load_id,
                    raw_aside,
                    quarantine_aside,
                    folder,
                    limits,
                    erased.Erased(home),
                )
            except (UnusableFileError, duckdb.Error) as error:
                reason = _whole_reason(error, landing / file.path, limits)
                raw_aside.unlink(missing_ok=True)
                quarantine_aside.unlink(missing_ok=True)
                load = _load(file, load_id, reason=reason)
                _write_whole(file, reason, quarantine_aside, folder)
        if not is_unchanged(landing, file):
            raise FileChangedError(
                f"{file.path} was written to while it was read; the next run takes it"
            )
        past = loads.past_of(file.dataset, file.sha256, file.mapping, file.mapping_sha256)
        if load.reason is not None and any(one.reason == load.reason for one in past):
            return None
        for aside, final in ((raw_aside, raw), (quarantine_aside, quarantined)):
            if aside.exists():
                durable.put_in_place(aside, final)
    finally:
        raw_aside.unlink(missing_ok=True)
        quarantine_aside.unlink(missing_ok=True)
    raw_sha256 = None
    if load.status == "loaded":
        raw_sha256 = bytes_check.content_hash(raw)
        stores.put(home, raw)
    return loads.append(replace(load, raw_sha256=raw_sha256))


def _whole_reason(error: UnusableFileError | duckdb.Error, path: Path, limits: Limits) -> str:
    """Why a file is quarantined whole.

    Raises:
        duckdb.Error: `error`, when it is no matter of the file, such as a full disk.
    """
    if isinstance(error, UnusableFileError):
        return printable(str(error))
    if isinstance(error, duckdb.OutOfMemoryException):
        way_out = "split the file"
        return str(limits.refuse("memory_bytes", "reading the file takes more", way_out))
    if isinstance(error, (duckdb.IOException, duckdb.InterruptException)):
        raise error
    return f"the file cannot be read; export or copy it again ({first_line(error, path)})"


def _load_rows(
    landing: Path,
    file: LandingFile,
    dataset: Dataset,
    load_id: str,
    raw: Path,
    quarantine: Path,
    folder: Path,
    limits: Limits,
    kept_out: erased.Erased,
) -> Load:
    source = landing / file.path

    def write(opened: duckdb.DuckDBPyConnection, landed: Landed) -> Load:
        return _write(opened, file, dataset, landed, load_id, raw, quarantine, kept_out)

    if file.entry is not None:
        text = mapped_reader.open_text(file.entry, source, folder, limits)
        on_disk = text.path.stat().st_size > IN_MEMORY_BYTES
        with engine.connection(folder, on_disk, limits.memory_bytes) as opened:
            return write(opened, mapped_reader.read(opened, file.entry, text, folder, limits))
    if dataset.name in ENTITIES:
        entity = ENTITIES[dataset.name]
        if encryption.keys_of(raw) is None:
            written = records.write_small(
                entity,
                source,
                load_id,
                raw,
                folder,
                limits,
                lambda texts: not erased.names_somebody(entity, texts, kept_out),
            )
            if written is not None:
                return _load(file, load_id, rows_loaded=written)
            (folder / "unpacked").unlink(missing_ok=True)
        on_disk = file.size > IN_MEMORY_BYTES
        with engine.connection(folder, on_disk, limits.memory_bytes) as opened:
            return write(opened, records.read(opened, entity, source, folder, limits))
    name = source.name.lower()
    if not name.endswith((*CSV_NAMES, *NDJSON_NAMES, *PARQUET_NAMES)):
        readable = ", ".join((*CSV_NAMES, *NDJSON_NAMES, *PARQUET_NAMES))
        raise UnusableFileError(
            f"files named *{source.suffix} cannot be read; readable are {readable}"
        )
    if name.endswith(PARQUET_NAMES):
        on_disk = file.size > IN_MEMORY_BYTES
        with engine.connection(folder, on_disk, limits.memory_bytes) as opened:
            landed = parquet.read(opened, dataset, source, folder, limits)
            try:
                return write(opened, landed)
            except duckdb.Error:
                parquet.read_through(opened, source)
                raise
    is_csv = name.endswith(CSV_NAMES)
    separator = "," if is_csv else None
    text = bytes_check.open_text(source, name.endswith(".gz"), folder, limits, separator)
    reader = csv if is_csv else ndjson
    on_disk = text.path.stat().st_size > IN_MEMORY_BYTES
    # Erased people are looked for in `landed` several times, so it should not be the file itself.
    if not kept_out:
        with (
            # DuckDB quotes a line that is no JSON, and may end the quotation within a character.
            suppress(duckdb.InvalidInputException, UnicodeDecodeError),
            engine.connection(folder, on_disk, limits.memory_bytes) as opened,
        ):
            well_formed = reader.read_well_formed(opened, dataset, text, folder, limits)
            if well_formed is not None:
                return write(opened, well_formed)
    with engine.connection(folder, on_disk, limits.memory_bytes) as opened:
        return write(opened, reader.read(opened, dataset, text, folder, limits))


def _write(
    opened: duckdb.DuckDBPyConnection,
    file: LandingFile,
    dataset: Dataset,
    landed: Landed,
    load_id: str,
    raw: Path,
    quarantine: Path,
    kept_out: erased.Erased,
) -> Load:
    """Write the good rows to `raw` and the others to `quarantine`; count both."""
    if any(column.kind == "time_zone" for column in dataset.columns):
        validation.prepare_time_zones(opened)
    if dataset.name in ENTITIES:
        of_erased = erased.keep_records_out(opened, ENTITIES[dataset.name], kept_out)
    else:
        system = file.entry.folder.split("/")[0] if file.entry else None
        of_erased = erased.keep_out(opened, landed.present, kept_out, system)
    if kept_out:
        # Of rows that name somebody it has none.
        landed = replace(landed, record="record")
    validation.check(opened, dataset, landed)
    good = validation.good_rows(dataset, landed, load_id)
    written = engine.write_parquet(opened, good, raw)
    faulty = validation.collect_faulty(opened, dataset, landed, written)
    refused = opened.execute("SELECT count(*) FROM refused").fetchone()
    assert refused is not None
    # What somebody wanted gone is no fault of the file, and stops no close.
    rejected = faulty + int(refused[0]) - of_erased
    if rejected or of_erased:
        validation.number_lines(opened, landed.lines_of)
        engine.write_csv(
            opened,
            f"SELECT {literal(file.path)} AS file, row_number, line_number,"
            f' "column", left(value, {RECORD_LENGTH}) AS value, reason,'
            f" left(record, {RECORD_LENGTH}) AS record FROM ("
            f"SELECT * FROM ({validation.faults(dataset, landed.labels)})"
            ' UNION ALL SELECT row_number, line_number, -1, "column", value, reason, record'
            " FROM refused) ORDER BY row_number, line_number, position",
            quarantine,
        )
    return _load(
        file,
        load_id,
        rows_loaded=written,
        rows_rejected=rejected,
        rows_erased=of_erased,
        unknown_columns=landed.unknown,
        rows_left_out=landed.rows_left_out,
    )


def _write_whole(file: LandingFile, reason: str, quarantine: Path, folder: Path) -> None:
    """Write the one line that quarantines a whole file."""
    with engine.connection(folder) as opened:
        engine.write_csv(
            opened,
            f"SELECT {literal(file.path)} AS file, NULL AS row_number, NULL AS line_number,"
            f' NULL AS "column", NULL AS value, {literal(reason)} AS reason, NULL AS record',
            quarantine,
        )


def _load(
    file: LandingFile,
    load_id: str,
    *,
    rows_loaded: int = 0,
    rows_rejected: int = 0,
    rows_erased: int = 0,
    unknown_columns: tuple[str, ...] = (),
    rows_left_out: int = 0,
    reason: str | None = None,
) -> Load:
    return Load(
        sequence=0,
        dataset=file.dataset,
        load_id=load_id,
        status="loaded" if reason is None else "quarantined",
        file=file.path,
        file_sha256=file.sha256,
        bytes=file.size,
        rows_read=rows_loaded + rows_rejected + rows_erased,
        rows_loaded=rows_loaded,
        rows_rejected=rows_rejected,
        unknown_columns=unknown_columns,
        reason=reason,
        loaded_at="",
        rows_erased=rows_erased,
        mapping=file.mapping,
        mapping_sha256=file.mapping_sha256,
        rows_left_out=rows_left_out,
    )
