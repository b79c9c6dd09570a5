"""What each kind of column admits, as SQL over the text of a cell, with the sentence for a reject.

One list of tests per kind serves both the check of all rows and the reasons of the rejected ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ingestion.contract import IDENTIFIER_LENGTH, Column
from ingestion.engine import literal

VALUE_LENGTH = 200
"""Reasons show at most this many characters of a value; quarantine keeps more beside them."""

CLOCK = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
OFFSET = r"(?:Z|[+-](?:0\d|1[0-5])(?::?[0-5]\d)?)"
_DATE = r"\d{4}-\d{2}-\d{2}"
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_WHOLE = r"[+-]?\d+(?:\.0*)?"
_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")


@dataclass(frozen=True)
class Test:
    """`passes`: SQL that is true for a good text; `sentence`: SQL of the reason when it is not.

    A test is looked at only when those before it pass. `of_form`: it asks how a text is written, so a value that has
    the column's type already passes.
    """

    passes: str
    sentence: str
    of_form: bool = False


def converted(column: Column, value: str) -> str:
    """SQL of the typed value of the text `value`; null or meaningless where a test fails."""
    match column.kind:
        case "instant":
            # DuckDB wants seconds; ISO 8601 lets them go.
            return (
                f"coalesce(TRY_CAST({value} AS TIMESTAMPTZ),"
                f" TRY_CAST(left({value}, 16) || ':00' || substr({value}, 17) AS TIMESTAMPTZ))"
            )
        case "boolean":
            return f"lower({value}) IN ({_sql_list(_TRUE)})"
        case "date" | "seconds" | "integer" | "decimal":
            return f"TRY_CAST({value} AS {column.sql_type})"
        case _:
            return value


def tests(column: Column, value: str, typed: str) -> list[Test]:
    """The tests that the text `value` (SQL, not null) of the column must pass, in order.

    typed: SQL of what `converted` makes of it.
    """
    shown = f"'{column.name} ''' || left({value}, {VALUE_LENGTH}) || ''''"

    def must(passes: str, complaint: str, of_form: bool = False) -> Test:
        return Test(passes, f"{shown} || {literal(' ' + complaint)}", of_form)

    def within(least: str, most: str, none: str, outside: str) -> Test:
        # One test, so that the cast of every row is made once.
        return Test(
            f"coalesce({typed} BETWEEN {least} AND {most}, false)",
            f"{shown} || CASE WHEN {typed} IS NULL THEN {literal(' ' + none)}"
            f" ELSE {literal(' ' + outside)} END",
        )

    def number(shape: Test) -> list[Test]:
        too_large = f"has more digits than {column.sql_type} holds"
        if column.minimum is None:
            return [shape, must(f"{typed} IS NOT NULL", too_large)]
        low, high = str(column.minimum), str(column.maximum)
        return [shape, within(low, high, too_large, f"is not between {low} and {high}")]

    # PostgreSQL holds none, and what is written in C stops reading at it.
    no_nul = Test(
        f"NOT contains({value}, chr(0))",
        literal(f"{column.name} holds a NUL character (U+0000); export it without"),
    )

    match column.kind:
        case "text":
            return [no_nul]
        case "identifier":
            # Counting bytes is cheap, and there are never fewer of them than characters.
            return [
                Test(
                    f"(strlen({value}) <= {IDENTIFIER_LENGTH}"
                    f" OR length({value}) <= {IDENTIFIER_LENGTH})",
                    f"'{column.name} has ' || length({value}) || ' characters;"
                    f" an identifier has at most {IDENTIFIER_LENGTH}'",
                ),
                no_nul,
            ]
        case "instant":
            naive = must(
                "",
                "does not say when it happened; write Z or the offset from UTC after it,"
                " such as +05:30",
            )
            shapeless = must("", "is no ISO 8601 instant; write it as 2026-01-31T09:30:00Z")
            return [
                Test(
                    _matches(value, CLOCK + OFFSET),
                    f"CASE WHEN {_matches(value, CLOCK)} THEN 'naive instant: ' ||"
                    f" {naive.sentence} ELSE {shapeless.sentence} END",
                    of_form=True,
                ),
                within(
                    "TIMESTAMPTZ '1970-01-01 00:00:00+00'",
                    "TIMESTAMPTZ '2100-12-31 23:59:59.999999+00'",
                    "is no time that exists",
                    "does not lie in the years 1970 to 2100",
                ),
            ]
        case "date":
            return [
                must(_matches(value, _DATE), "is no date of the form YYYY-MM-DD", of_form=True),
                within(
                    "DATE '1900-01-01'",
                    "DATE '9999-12-31'",
                    "is no day that exists",
                    "lies before the year 1900",
                ),
            ]
        case "seconds":
            return [
                must(_matches(value, _WHOLE), "is no whole number of seconds", of_form=True),
                must(f"{value}[1] <> '-'", "is negative; a duration is 0 or more"),
                must(f"{typed} IS NOT NULL", "is too large for a duration in seconds"),
            ]
        case "integer":
            return number(must(_matches(value, _WHOLE), "is no whole number", of_form=True))
        case "decimal":
            return number(must(_matches(value, _NUMBER), "is no number; write it as 1234.5"))
        case "boolean":
            return [
                must(
                    f"lower({value}) IN ({_sql_list(_TRUE + _FALSE)})",
                    "is none of true, false",
                    of_form=True,
                )
            ]
        case "enum":
            return [
                must(
                    f"{value} IN ({_sql_list(column.values)})",
                    f"is none of {', '.join(column.values)}",
                )
            ]
        case "time_zone":
            return [
                must(
                    f"list_contains(getvariable('time_zones'), {value})",
                    "is no time zone name of the IANA database, such as Europe/Madrid",
                )
            ]
        case "currency":
            return [
                must(
                    _matches(value, "[A-Z]{3}"),
                    "is no currency code: three upper-case letters, such as EUR",
                )
            ]


def _matches(value: str, pattern: str) -> str:
    return f"regexp_full_match({value}, {literal(pattern)})"


def _sql_list(values: Sequence[str]) -> str:
    return ", ".join(literal(value) for value in values)
