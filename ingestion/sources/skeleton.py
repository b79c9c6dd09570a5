"""The beginning of a mapping file for CSV exports of a system that nobody knows, to be completed by hand."""

import re
from collections.abc import Sequence

from ingestion.contract import DATASETS, Column, Dataset

# Words that systems use for one and the same thing.
_SAME = {
    word: words[0]
    for words in (
        ("agent", "user", "member", "operator", "advisor"),
        ("contact", "interaction", "call", "conversation"),
        ("customer", "caller", "client"),
        ("begin", "start", "starts", "started", "occurred", "queued", "created"),
        ("end", "ends", "ended", "completed"),
        ("status", "state", "label"),
        ("direction", "type"),
        ("at", "timestamp"),
        ("time", "seconds", "duration"),
    )
    for word in words
}
_LIKE = 0.6
# A comma is what a mapping takes without being told.
_SEPARATORS = {";": "semicolon", "\t": "tab", "|": "bar"}


def skeleton(name: str, columns: Sequence[str], delimiter: str, local_time: str | None) -> str:
    """YAML of a mapping file for one folder of exports; what only a person knows is a `?`.

    name: of the folder in the system's folder. columns: of the files, as written there.
    delimiter: between them. local_time: a time of theirs that is no ISO 8601.
    """
    dataset = likely_dataset(columns)
    separator = _SEPARATORS.get(delimiter)
    lines = ['time_zone: "?"   # such as Europe/Warsaw, where their times have no offset']
    lines += [f'time_format: "?"   # of times such as {local_time}'] if local_time else []
    lines += [
        "rows:",
        f"- from: {_quoted(name)}",
        f"  into: {dataset.name}   # or another dataset of docs/landing.md",
        *([f"  separator: {separator}"] if separator else []),
        "  columns:",
    ]
    for column in dataset.columns:
        like = similar(column.name, columns)
        if column.required or like:
            theirs = _quoted(like) if like else '"?"'
            said = f"    {column.name}: {theirs}"
            lines.append(f"{said}   # {_about(column)}")
    lines.append(f"  # their columns: {', '.join(columns)}")
    return "\n".join(lines)


def likely_dataset(columns: Sequence[str]) -> Dataset:
    """The dataset whose columns are most like these, above all its required ones."""

    def likeness(dataset: Dataset) -> float:
        like = {column.name for column in dataset.columns if similar(column.name, columns)}
        required = dataset.required_columns
        return len(like.intersection(required)) / len(required) + 0.1 * len(like)

    return max(DATASETS.values(), key=likeness)


def similar(name: str, columns: Sequence[str]) -> str | None:
    """The column that is most like `name`; None where none is like it."""
    best = max(columns, key=lambda other: _likeness(name, other))
    return best if _likeness(name, best) >= _LIKE else None


def _likeness(name: str, other: str) -> float:
    """Words in common, of all words of both: from 0 to 1."""
    ours, theirs = _words(name), _words(other)
    return 2 * len(ours & theirs) / (len(ours) + len(theirs)) if theirs else 0


def _words(name: str) -> set[str]:
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", name)
    return {_SAME.get(word.lower(), word.lower()) for word in words}


def _about(column: Column) -> str:
    needed = "needed" if column.required else "optional"
    if column.values:
        return f"{needed}; values: {', '.join(column.values)}"
    return f"{needed}; {column.kind.replace('_', ' ')}"


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else '"' + _escaped(name) + '"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
