"""The rows of a query as a page sees them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote

from reports.errors import ComponentError


@dataclass(frozen=True)
class Source:
    """Which rows of the published database the rows of a query are, so that each figure has an address.

    relation: the mart, or the table function with its arguments. keys: the columns that tell its
    rows apart. columns: all its columns. constants: key values that every row shares. named_by: the
    column of the query that names the mart's column (for figures turned into rows). revision: of
    the report, where there is one. mart: the mart or function by name; used: receives it with each
    column whose figure is printed, so that a report can say what its figures mean.
    """

    relation: str
    keys: tuple[str, ...]
    columns: frozenset[str]
    constants: Mapping[str, object]
    named_by: str | None = None
    revision: int | None = None
    mart: str = ""
    used: set[tuple[str, str]] = field(default_factory=set)


class Row:
    """One row: its columns by name, and nothing else, so that no column is hidden by a method."""

    __slots__ = ("_query", "_values")

    def __init__(self, query: str, values: Mapping[str, object]) -> None:
        """Wrap the values of one row of the named query."""
        self._query = query
        self._values = values

    def __getitem__(self, column: str) -> object:
        """Return a column's value; an unknown column is a ComponentError that lists the others."""
        try:
            return self._values[column]
        except KeyError:
            known = ", ".join(self._values)
            raise ComponentError(
                f'query "{self._query}" has no column "{column}"; it has {known}'
            ) from None


class Rows(Sequence[Row]):
    """The result of one query: name, columns and rows, in the query's order."""

    def __init__(
        self,
        name: str,
        columns: Sequence[str],
        values: Iterable[Sequence[object]],
        source: Source | None = None,
    ) -> None:
        """Build from plain tuples in the order of the columns."""
        self.name = name
        self.columns = tuple(columns)
        self.values = tuple(map(tuple, values))
        self.source = source
        self._keys: dict[int, str] = {}

    @cached_property
    def _rows(self) -> tuple[Row, ...]:
        # Many a query is only digested, because its page is there already.
        columns = self.columns
        return tuple(Row(self.name, dict(zip(columns, row, strict=True))) for row in self.values)

    def with_source(self, source: Source) -> "Rows":
        """Return the same rows, with addresses."""
        return Rows(self.name, self.columns, self.values, source)

    @classmethod
    def from_mappings(cls, name: str, mappings: Iterable[Mapping[str, object]]) -> "Rows":
        """Build from a list of mappings, which need not all have the same keys."""
        items = list(mappings)
        columns = list(dict.fromkeys(key for item in items for key in item))
        return cls(name, columns, ([item.get(key) for key in columns] for item in items))

    def column(self, name: str) -> list[object]:
        """Return one column's values; an unknown column is a ComponentError."""
        if name not in self.columns and (self.columns or self.values):
            known = ", ".join(self.columns)
            raise ComponentError(f'query "{self.name}" has no column "{name}"; it has {known}')
        return [row[name] for row in self._rows]

    def address(self, index: int, column: str) -> str | None:
        """Return where a value comes from: ``mart?key=value&…#column``, ``@r2`` for revision 2.

        None for a query that names no mart, and for a column that the mart does not have.
        """
        source = self.source
        if source is None:
            return None
        name: object = column
        if column not in source.columns:
            if source.named_by is None or column == source.named_by:
                return None
            name = self._rows[index][source.named_by]
        keys = self._keys.get(index)
        if keys is None:
            keys = self._keys[index] = self._keys_of(index, source)
        source.used.add((source.mart, str(name)))
        revision = "" if source.revision is None else f"@r{source.revision}"
        return f"{source.relation}?{keys}#{name}{revision}"

    def _keys_of(self, index: int, source: Source) -> str:
        row = self._rows[index]
        return "&".join(
            f"{key}={quote(str(row[key] if key in self.columns else source.constants[key]), safe='')}"
            for key in source.keys
        )

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        """Return the row at an index."""
        return self._rows[index]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)

    def __iter__(self) -> Iterator[Row]:
        """Iterate over the rows."""
        return iter(self._rows)
