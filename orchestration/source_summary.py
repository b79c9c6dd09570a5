"""What `source check` prints: the folder, what its files are, what they become, and what a close still needs."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console

from ingestion import ENTITIES, INPUTS
from ingestion.limits import printable
from ingestion.sources.recognise import RECOGNISED, SeenFile
from ingestion.sources.skeleton import skeleton
from orchestration.source_check import SHOWN_REJECTED, WITHOUT, Checked, Preview

SHOWN_FILES = 10
_CELL = 40
_NEAR = 0.25
_PIPE_WIDTH = 160
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def print_checked(console: Console, checked: Checked) -> None:
    """Everything that was found, as lines that a pipe can carry."""
    width = console.width if console.is_terminal else _PIPE_WIDTH
    for line in lines_of(checked, width):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def lines_of(checked: Checked, width: int) -> Iterator[str]:
    """The lines; tables are broken into several that are at most `width` wide where they can be."""
    looked = checked.looked
    yield f"{printable(str(looked.folder))}: {_files(looked.files_in_all)}, {_size(looked.bytes_in_all)}"
    if len(looked.files) < looked.files_in_all:
        yield f"  {len(looked.files):,} of them were opened, some of each kind of name"
    if looked.ignored:
        yield f"  hidden or unfinished, and left alone: {_some(looked.ignored)}"
    for target in INPUTS:
        if files := [file for file in looked.files if file.target == target]:
            yield from _target_lines(target, files)
    yield from _mapped_lines(checked, width)
    yield from _unknown_lines(checked.unknown)
    if checked.unusable:
        yield ""
        yield "unusable, or not where it lies:"
        yield from (f"  {printable(path)}: {why}" for path, why in _first(checked.unusable))
        yield from _more(len(checked.unusable), "files")
    yield from _count_lines(checked.previews)
    for preview in checked.previews:
        if preview.target in ENTITIES:
            yield from _preview_lines(preview, width)
    for one in checked.rejected:
        yield ""
        yield f"{one.target}: rejected in the sample: {_count(one.count, 'record')}"
        yield from (f"  {printable(line)}" for line in one.first)
    yield from _question_lines(checked)
    yield from _close_lines(checked)


def _target_lines(target: str, files: Sequence[SeenFile]) -> Iterator[str]:
    yield ""
    yield f"{target}: {_files(len(files))}, {_size(sum(file.size for file in files))}"
    yield from _form_lines(files)
    matches = [file.match for file in files if file.match]
    if matches:
        best = max(matches, key=lambda match: match.score)
        lowest, highest = (round(100 * f(m.score for m in matches)) for f in (min, max))
        score = f"{lowest} to {highest} %" if lowest < highest else f"{highest} %"
        lacks = f", without {', '.join(best.missing)}" if best.missing else ""
        yield f"  known by  {', '.join(best.found)}{lacks}; score {score}"
    others = Counter(
        match.target
        for file in files
        for match in file.matches
        if match.target != target and match.score >= RECOGNISED
    )
    if others:
        yield f"  or else   {', '.join(f'{name} ({count:,})' for name, count in others.items())}"
    days = [day for file in files if file.form for day in (file.form.first_day, file.form.last_day)]
    known = sorted(day for day in days if day)
    if known:
        yield f"  instants  {known[0]} to {known[-1]}"
    if target in ENTITIES:
        yield f"  feeds     {', '.join(ENTITIES[target].feeds)}"
    there = " (it lies there)" if all(file.lies_in == target for file in files) else ""
    yield f"  put into  <landing>/{target}/{there}"


def _mapped_lines(checked: Checked, width: int) -> Iterator[str]:
    files = [file for file in checked.looked.files if file.mapping]
    for mapping in sorted({file.mapping for file in files if file.mapping}):
        own = [file for file in files if file.mapping == mapping and file.path != mapping]
        yield ""
        yield f"{printable(mapping)} reads {_files(len(own))}, {_size(sum(file.size for file in own))}"
        yield from _form_lines(own)
        paths = {file.path for file in own}
        for path, made in checked.mapped:
            if path in paths and not made.unreadable:
                yield ""
                yield (
                    f"  {printable(path)} becomes {_count(made.rows_loaded, 'row')} of {made.dataset}"
                    f" ({printable(made.entry)}); rejected {made.rows_rejected:,}, not wanted {made.rows_left_out:,}"
                )
                yield from _rows_lines(made.columns, made.rows, width)
                for row, _, _, _, reason in made.rejected[:SHOWN_REJECTED]:
                    yield f"  row {row}: {printable(str(reason))}"


def _form_lines(files: Sequence[SeenFile]) -> Iterator[str]:
    forms = Counter(file.form.said for file in files if file.form)
    if forms:
        yield f"  form      {'; '.join(f'{said} ({count:,})' for said, count in forms.most_common())}"


def _unknown_lines(files: Sequence[SeenFile]) -> Iterator[str]:
    if not files:
        return
    yield ""
    yield f"not recognised: {_files(len(files))}"
    for file in _first(files):
        form = file.form
        assert form is not None
        near = file.matches[0] if file.matches else None
        hint = (
            f"; nearest: {near.target}, without {', '.join(near.missing)}"
            if near and near.missing and near.score >= _NEAR
            else ""
        )
        yield f"  {printable(file.path)}: {form.said}{hint}"
    yield from _more(len(files), "files")
    told: set[tuple[str, ...]] = set()
    for file in files:
        form = file.form
        if form is None or form.kind != "csv" or form.columns in told or len(told) >= 3:
            continue
        if not told:
            yield "  A mapping file makes CSV of any system readable, see docs/sources/mapping.md. Complete this"
            yield "  beginning as <landing>/<system>/mapping.yml, with the exports in the folder that it names:"
        told.add(form.columns)
        yield ""
        name = PurePosixPath(file.path).name.split(".")[0]
        columns = [printable(column) for column in form.columns]
        text = skeleton(printable(name), columns, form.delimiter, form.local_time)
        yield from (f"    {line}" for line in text.splitlines())


def _count_lines(previews: Sequence[Preview]) -> Iterator[str]:
    """How many records of the sample became how many rows."""
    if not previews:
        return
    yield ""
    yield "what the first records become (a sample, loaded and mapped as a close does it):"
    for one in previews:
        name = one.dataset if one.target == one.dataset else f"{one.target} → {one.dataset}"
        yield f"  {name}: {_count(one.records, 'record')}, {_count(one.made, 'row')}"


def _preview_lines(preview: Preview, width: int) -> Iterator[str]:
    if not preview.rows:
        return
    yield ""
    yield f"{preview.dataset} from {preview.target}, the first {len(preview.rows)} of {_count(preview.made, 'row')}:"
    yield from _rows_lines(preview.columns, preview.rows, width)


def _rows_lines(columns: Sequence[str], rows: Sequence[Sequence[Any]], width: int) -> Iterator[str]:
    """A table of rows; a column of one value, or of none, is told once."""
    texts = [[_cell(value) for value in row] for row in rows]
    cells = list(zip(*texts, strict=True))
    same, empty, shown = [], [], []
    for place, name in enumerate(columns if texts else ()):
        if set(cells[place]) == {""}:
            empty.append(name)
        elif len(texts) > 1 and len(set(cells[place])) == 1:
            same.append(f"{name} {cells[place][0]}")
        else:
            shown.append(place)
    names = [columns[place] for place in shown]
    if names:
        table = [[row[place] for place in shown] for row in texts]
        yield from (f"  {line}".rstrip() for line in aligned(names, table, width - 2))
    if same:
        yield f"  in each: {', '.join(same)}"
    if empty:
        yield f"  empty: {', '.join(empty)}"


def aligned(names: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """A table as text. What is wider goes on below, beginning with the first column again."""
    table = [names, *rows]
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    begin = 1
    while True:
        end, taken = begin, widths[0]
        while end < len(names) and (end == begin or taken + 2 + widths[end] <= width):
            taken += 2 + widths[end]
            end += 1
        for row in table:
            cells = [set_cell_size(row[place], widths[place]) for place in (0, *range(begin, end))]
            yield "  ".join(cells).rstrip()
        begin = end
        if begin >= len(names):
            return
        yield ""


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, bool):
        return str(value).lower()
    text = f"{value.normalize():f}" if isinstance(value, Decimal) else printable(str(value))
    return text if len(text) <= _CELL else f"{text[: _CELL - 1]}…"


def _question_lines(checked: Checked) -> Iterator[str]:
    for target, ids in checked.unknown_agents or ():
        yield ""
        yield f"{target}: ids without a row in agents: {_some(ids)}"
        if target in ENTITIES:
            source = ENTITIES[target].source
            yield f"  say whose they are in the table of rules agent_ids (source {source}): scorehouse rules agent_ids"
    for target, count, values in checked.unmapped:
        said = f": {_some(values)}" if values else ""
        yield ""
        yield f"{target}: {_count(count, 'row')} of unclassified time; statuses without a row in source_statuses{said}"


def _close_lines(checked: Checked) -> Iterator[str]:
    yield ""
    if checked.missing:
        yield "missing, and a close needs it:"
        yield from (f"  {name}: {WITHOUT[name]}" for name in checked.missing)
    if checked.unfed:
        yield "not there; figures that need it are null:"
        for name in checked.unfed:
            entities = [entity.name for entity in ENTITIES.values() if name in entity.feeds]
            fed = {file.target for file in checked.looked.files}
            sources = {ENTITIES[one].source for one in fed if one in ENTITIES}
            own = [one for one in entities if ENTITIES[one].source in sources]
            from_vendor = f" (or {', '.join(own)})" if own else ""
            yield f"  {name}{from_vendor}: {WITHOUT[name]}"
    if checked.is_ready:
        yield "a close can stand on this: scorehouse close YYYY-MM --landing <landing>"


def _files(count: int) -> str:
    return _count(count, "file")


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _size(count: int) -> str:
    size, unit = float(count), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:,.1f} {_UNITS[unit]}" if unit else f"{count:,} bytes"


def _first(several: Sequence[Any]) -> Sequence[Any]:
    return several[:SHOWN_FILES]


def _more(count: int, things: str) -> Iterator[str]:
    if count > SHOWN_FILES:
        yield f"  and {count - SHOWN_FILES:,} more {things}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(printable(name) for name in _first(names))
    more = len(names) - SHOWN_FILES
    return f"{shown} and {more:,} more" if more > 0 else shown
