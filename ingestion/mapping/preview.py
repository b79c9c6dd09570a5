"""What a mapping makes of a file, without loading it."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ingestion import engine, validation
from ingestion.errors import UnusableInput
from ingestion.limits import Limits, UnusableFileError
from ingestion.mapping import reader
from ingestion.mapping.language import Entry, read_mapping


@dataclass(frozen=True)
class Preview:
    """What one entry of the mapping makes of a file.

    `entry`: `system/folder#number`. `columns`, `rows`: the first rows of `dataset` that would load. `rejected`: the
    first cells that would not, as row number, line number, column, value, reason. `rows_loaded`, `rows_rejected`,
    `rows_left_out`: of the whole file. `unreadable`: why nothing of the file can be read.
    """

    entry: str
    dataset: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    rejected: tuple[tuple[Any, ...], ...] = ()
    rows_loaded: int = 0
    rows_rejected: int = 0
    rows_left_out: int = 0
    unreadable: str | None = None


def preview(
    mapping: Path,
    file: Path,
    rows: int = 10,
    folder: str | None = None,
    limits: Limits | None = None,
) -> list[Preview]:
    """What each entry of a mapping file that is for the file's folder makes of the file.

    folder: the name of the folder beside the mapping that the file is of, where it does not lie in it. rows: of each
    entry at most so many rows, and so many faulty cells.

    Raises:
        UnusableInput: the mapping cannot be used, has nothing for the folder, or there is no such file.
    """
    said = read_mapping(mapping)
    if not file.is_file():
        raise UnusableInput(f"{file}: there is no such file")
    names = [name.partition("/")[2] for name in said.folders]
    if folder is None:
        inside = file.resolve().is_relative_to(mapping.parent.resolve())
        parts = file.resolve().relative_to(mapping.parent.resolve()).parts if inside else ()
        folder = parts[0] if len(parts) > 1 else names[0] if len(names) == 1 else ""
    if folder not in names:
        raise UnusableInput(
            f"{mapping.parent.name}/{mapping.name} says nothing of folder '{folder}':"
            f" it is for {', '.join(names)}"
        )
    wanted = [entry for entry in said.entries if entry.folder == f"{said.system}/{folder}"]
    return [_preview(entry, file, rows, limits or Limits()) for entry in wanted]


def _preview(entry: Entry, file: Path, rows: int, limits: Limits) -> Preview:
    dataset = entry.dataset
    with TemporaryDirectory() as name, engine.connection(Path(name)) as opened:
        folder = Path(name)
        try:
            text = reader.open_text(entry, file, folder, limits)
            landed = reader.read(opened, entry, text, folder, limits)
        except UnusableFileError as error:
            return Preview(entry.name, dataset.name, unreadable=str(error))
        validation.prepare_time_zones(opened)
        validation.check(opened, dataset, landed)
        good = validation.good_rows(dataset, landed, "")
        columns = ", ".join(map(engine.identifier, landed.present))
        opened.execute(f"CREATE TEMP VIEW good AS SELECT {columns} FROM ({good})")
        counts = opened.execute(
            "SELECT (SELECT count(*) FROM good), (SELECT count(*) FROM refused)"
        ).fetchone()
        assert counts is not None
        faulty = validation.collect_faulty(opened, dataset, landed, int(counts[0]))
        validation.number_lines(opened, landed.lines_of)
        rejected = opened.execute(
            f'SELECT row_number, line_number, "column", value, reason FROM ('
            f"{validation.faults(dataset, landed.labels)} UNION ALL"
            ' SELECT row_number, line_number, -1, "column", value, reason, record FROM refused)'
            f" ORDER BY row_number, position LIMIT {rows}"
        ).fetchall()
        return Preview(
            entry.name,
            dataset.name,
            landed.present,
            tuple(opened.execute(f"FROM good LIMIT {rows}").fetchall()),
            tuple(rejected),
            rows_loaded=int(counts[0]),
            rows_rejected=faulty + int(counts[1]),
            rows_left_out=landed.rows_left_out,
        )
