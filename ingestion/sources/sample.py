"""The beginning of a file, written where it can be loaded as the file itself would be."""

import gzip
import shutil
import tempfile
from pathlib import Path

from ingestion import engine
from ingestion.sources.entities import ENTITIES
from ingestion.sources.forms import is_parquet, read_head, some_records

PARQUET_BYTES = 4 * 1024 * 1024
PARQUET_ROWS = 20_000
"""Of a larger Parquet file, so many rows are written."""

# A quote that is never closed must not make it look at the whole text for each of its lines.
_TRIES = 100


def write_sample(source: Path, target: str, sample: Path, whole: bool = False) -> bool:
    """Write the first MiB of a file in whole records; return whether its lines are where they were.

    target: the dataset or entity that it is taken for. whole: write all of it, however long it is.

    Raises:
        UnusableFileError: it cannot be read.
        OSError: likewise.
    """
    sample.parent.mkdir(parents=True, exist_ok=True)
    if whole or is_parquet(source):
        if whole or source.stat().st_size <= PARQUET_BYTES:
            shutil.copyfile(source, sample)
        else:
            _write_rows(source, sample)
        return True
    head = read_head(source)
    if head.is_whole:
        shutil.copyfile(source, sample)
        return True
    entity = ENTITIES.get(target)
    is_rewritten = (
        entity is not None
        and entity.form == "objects"
        and head.text.lstrip().startswith(("{", "["))
    )
    if is_rewritten and entity is not None:
        records, _ = some_records(head, entity, entity.lists)
        text = "\n".join(record.text for record in records)
    else:
        text = _whole_lines(head.text)
    content = text.encode()
    sample.write_bytes(gzip.compress(content) if head.is_packed else content)
    return not is_rewritten


def _write_rows(source: Path, sample: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, engine.connect() as connection:
        link = Path(folder) / "source"
        link.symlink_to(source.resolve())
        rows = engine.parquet_as_it_lies(connection, link)
        engine.write_parquet(connection, f"FROM {rows} LIMIT {PARQUET_ROWS}", sample)


def _whole_lines(text: str) -> str:
    """The text up to the last line end that is within no quotes."""
    end = len(text)
    for _ in range(_TRIES):
        end = text.rfind("\n", 0, end)
        if end < 0 or text.count('"', 0, end) % 2 == 0:
            break
    return text[: end + 1]
