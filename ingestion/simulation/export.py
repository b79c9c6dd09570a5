"""Files: every dataset in the format each site sends it, and the truth as Parquet."""

import gzip
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion import engine
from ingestion.simulation import quirks, schema
from ingestion.simulation.chance import stream
from ingestion.simulation.clocks import Clock
from ingestion.simulation.organisation import SITES
from ingestion.simulation.schema import Ints
from ingestion.simulation.settings import Month

FORMATS = ("csv", "ndjson.gz", "parquet", "csv.gz", "ndjson")
# These say when a row last changed; the others are resolved by load order alone.
_WITH_UPDATED_AT = frozenset(
    (
        "agents",
        "status_events",
        "interactions",
        "tickets",
        "qa_evaluations",
        "csat_surveys",
        "compliance_events",
        "sales",
        "feedback_sessions",
    )
)
_DATASETS = tuple(schema.COLUMNS)
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700


class Exporter:
    """Writes landing files and truth tables; use as a context manager.

    `rows`, `files` and `bad_rows` count, per dataset, what was written.
    """

    def __init__(
        self, seed: int, out: Path, clocks: list[Clock], stop_s: int, with_quirks: bool
    ) -> None:
        """`clocks`: one per site; `stop_s`: nothing is exported later."""
        self._seed, self._out, self._clocks = seed, out, clocks
        self._stop_s, self._quirks = stop_s, with_quirks
        self.truth = out / "_truth"
        self.rows: Counter[str] = Counter()
        self.files: Counter[str] = Counter()
        self.bad_rows: Counter[str] = Counter()
        self._truths: dict[str, pq.ParquetWriter] = {}
        self._database = engine.connect(threads=1)
        out.mkdir(parents=True, mode=_FOLDER_MODE, exist_ok=True)
        self.truth.mkdir(mode=_FOLDER_MODE)

    def __enter__(self) -> "Exporter":
        """Nothing to prepare."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the truth files; datasets without a row get an empty one."""
        for dataset in _DATASETS:
            self.write_truth(dataset, schema.empty(dataset))
        for writer in self._truths.values():
            writer.close()
        for path in self.truth.iterdir():
            path.chmod(_FILE_MODE)
        self._database.close()

    def write_truth(self, name: str, table: pa.Table) -> None:
        """Append to `_truth/<name>.parquet`."""
        if name not in self._truths:
            self._truths[name] = pq.ParquetWriter(self.truth / f"{name}.parquet", table.schema)
        if len(table):
            self._truths[name].write_table(table)

    def write(self, dataset: str, table: pa.Table, month: Month, site: int) -> None:
        """One month of one site: to the truth, and to a file or, with quirks, several."""
        if not len(table):
            return
        self.write_truth(dataset, table)
        self.rows[dataset] += len(table)
        number = _DATASETS.index(dataset)
        rng = stream(self._seed, "export", month.index, site, number)
        suffix = FORMATS[(number + site) % len(FORMATS)]
        if dataset in _WITH_UPDATED_AT:
            table = self._stamped(dataset, table, rng)
        drafts = [quirks.Draft(quirks.MAIN, table)]
        if self._quirks:
            drafts = quirks.spoil(
                dataset,
                table,
                rng,
                as_text=suffix != "parquet",
                can_edit=suffix in ("csv", "ndjson"),
            )
        folder = self._out / dataset
        folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        clock = self._clocks[site] if (number + site) % 2 else None
        for draft in drafts:
            stem = f"{dataset}_{month.label}_{SITES[site].code.lower()}_{draft.part}"
            self._write_draft(draft, folder / f"{stem}.{suffix}", suffix, clock)
            self.files[dataset] += 1
            self.bad_rows[dataset] += draft.bad
            if draft.sent_twice:
                copy = folder / f"{stem}_copy.{suffix}"
                copy.write_bytes((folder / f"{stem}.{suffix}").read_bytes())
                copy.chmod(_FILE_MODE)
                self.files[dataset] += 1

    def _stamped(self, dataset: str, table: pa.Table, rng: np.random.Generator) -> pa.Table:
        """Add `updated_at`: shortly after the last thing the row tells of."""
        moments = [
            table[name].cast(pa.int64()).fill_null(0).to_numpy() // 1_000_000
            for name, kind in schema.COLUMNS[dataset].items()
            if kind == schema.INSTANT
        ]
        if not moments:
            days = table["effective_from"].cast(pa.int32()).to_numpy()
            moments = [days.astype(np.int64) * 86_400]
        updated = np.max(np.stack(moments), axis=0) + rng.integers(5, 7200, len(table))
        # Room is left for a minute's difference between versions.
        updated = np.minimum(updated, self._stop_s - 120)
        return table.append_column(quirks.UPDATED_AT, schema.instants(updated))

    def _write_draft(
        self, draft: quirks.Draft, path: Path, suffix: str, clock: Clock | None
    ) -> None:
        table = draft.table
        if suffix != "parquet":
            table = _as_text(table, clock)
        if quirks.NAIVE in table.column_names:
            table = table.drop_columns([quirks.NAIVE])
        if draft.extra_column:
            batch = pa.array(np.arange(len(table)) // 500).cast(pa.string())
            table = table.append_column("x_export_batch", batch)
        if suffix == "parquet":
            pq.write_table(table, path)
        else:
            self._copy(table, path, suffix)
        if draft.garbage or draft.crlf or draft.bom:
            path.write_bytes(_spoiled(path.read_bytes(), draft, suffix))
        path.chmod(_FILE_MODE)

    def _copy(self, table: pa.Table, path: Path, suffix: str) -> None:
        kind = "format csv, header" if suffix.startswith("csv") else "format json"
        plain = path.with_name(path.name.removesuffix(".gz"))
        target = str(plain).replace("'", "''")
        self._database.register("exported", table)
        self._database.execute(f"copy exported to '{target}' ({kind}, compression none)")
        self._database.unregister("exported")
        if plain != path:
            # Neither name nor time in the header: the same rows make the same bytes.
            with (
                plain.open("rb") as source,
                path.open("wb") as sink,
                gzip.GzipFile("", "wb", 3, sink, mtime=0) as packed,
            ):
                shutil.copyfileobj(source, packed, 1 << 20)
            plain.unlink()


def _as_text(table: pa.Table, clock: Clock | None) -> pa.Table:
    """Instants as ISO 8601: with the local offset of `clock`, or in UTC with Z."""
    naive = table[quirks.NAIVE].to_numpy() if quirks.NAIVE in table.column_names else None
    for index, field in enumerate(table.schema):
        if field.type != schema.INSTANT:
            continue
        column = table[field.name].combine_chunks()
        seconds: Ints = column.cast(pa.int64()).fill_null(0).to_numpy() // 1_000_000
        suffix, offset = _suffixes(seconds, clock)
        if naive is not None:
            suffix = pc.if_else(pa.array(naive), "", suffix)
        local = pa.array(seconds + offset, pa.timestamp("s")).cast(pa.string())
        text = pc.binary_join_element_wise(
            pc.utf8_replace_slice(local, start=10, stop=11, replacement="T"), suffix, ""
        )
        text = pc.if_else(pc.is_null(column), pa.scalar(None, pa.string()), text)
        table = table.set_column(index, field.name, text)
    return table


def _suffixes(seconds: Ints, clock: Clock | None) -> tuple[pa.Array, Ints]:
    if clock is None:
        return pa.array(["Z"]).take(pa.array(np.zeros(len(seconds), dtype=np.int64))), seconds * 0
    offset = clock.offset(seconds)
    known, code = np.unique(offset, return_inverse=True)
    written = [
        f"{'-' if value < 0 else '+'}{abs(value) // 3600:02d}:{abs(value) % 3600 // 60:02d}"
        for value in known.tolist()
    ]
    return pa.array(written).take(pa.array(code)), offset


def _spoiled(content: bytes, draft: quirks.Draft, suffix: str) -> bytes:
    if draft.garbage:
        content += (
            b"#### export aborted, retrying ####\n" if suffix == "csv" else b'{"aborted": tr\n'
        )
    if draft.crlf:
        content = content.replace(b"\n", b"\r\n")
    if draft.bom and suffix == "csv":
        content = b"\xef\xbb\xbf" + content
    return content
