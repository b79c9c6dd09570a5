"""The small parts: names of files, printing of values, CSV, characters without a glyph."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdf_reading import spoken

from reports.charts import Series, Texts, line_chart
from reports.csvfile import csv_text
from reports.document import Chart, Document, Paragraph, Text
from reports.errors import ComponentError
from reports.formats import format_value, printable
from reports.pdf import PdfWriter
from reports.rows import Rows
from reports.slugs import slugs


def test_plain_ids_are_their_own_slugs() -> None:
    ids = ["A0001", "team-a", "x_1", "7"]
    assert slugs(ids) == {identity: identity for identity in ids}


@pytest.mark.parametrize(
    ("identity", "readable"),
    [
        ("a/b", "a-b~"),
        ("..", "id~"),
        ("", "id~"),
        ("Zoë Łódź", "zoe-odz~"),
        ("李", "id~"),
        ("-rf", "rf~"),
        ("CON", "con~"),
        ("com1", "com1~"),
        ("x" * 65, "x" * 40 + "~"),
        ("a.html", "a-html~"),
        ("a~b", "a-b~"),
    ],
)
def test_other_ids_get_a_hash(identity: str, readable: str) -> None:
    slug = slugs([identity])[identity]
    assert slug.startswith(readable)
    assert len(slug) == len(readable) + 16


def test_ids_that_differ_in_case_only_are_told_apart() -> None:
    names = slugs(["Ab", "aB", "c"])
    assert len({name.casefold() for name in names.values()}) == 3
    assert names["c"] == "c"


@settings(deadline=None)
@given(st.sets(st.text(max_size=128), max_size=12))
def test_slugs_are_safe_and_never_collide(ids: set[str]) -> None:
    names = slugs(ids)
    assert set(names) == ids
    assert len({name.casefold() for name in names.values()}) == len(ids)
    assert all(
        name.isascii() and not set(name) & set("/\\.: ") and 0 < len(name) <= 64
        for name in names.values()
    )


@pytest.mark.parametrize(
    ("value", "fmt", "signed", "text"),
    [
        (3725, "duration", False, "1:02:05"),
        (59.5, "duration", False, "0:01:00"),
        (4_000_000, "duration", False, "1,111:06:40"),
        (-65, "duration", True, "-0:01:05"),
        (65, "duration", True, "+0:01:05"),
        (0.8255, "pct", False, "82.6%"),
        (-0.03, "pct", True, "-3.0 pp"),
        (1234.5, "score", False, "1,234.50"),
        (2.675, "score", False, "2.68"),
        (-0.001, "score", False, "0.00"),
        (7.4, "score", True, "+7.40"),
        (1234567, "int", False, "1,234,567"),
        (1200, None, False, "1,200"),
        (0.5, None, False, "0.5"),
        (Decimal("100.00"), None, False, "100"),
        (Decimal(10) ** 30, "int", False, "1" + ",000" * 10),
        (float("nan"), "score", False, "nan"),
        (1e60, "score", False, "1" + ",000" * 20 + ".00"),
        (12.5, "money", False, "12.50"),
        (date(2026, 10, 5), "day", False, "5 Oct"),
        (date(2026, 10, 5), "short_month", False, "Oct 2026"),
        (True, None, False, "yes"),
        ("12", None, False, "12"),
        ("12.5", "score", True, "+12.50"),
        ("expert", "score", True, "expert"),
        ("aht_seconds", "figure", False, "Average handle time"),
        ("new_thing_seconds", "figure", False, "New thing"),
        (date(2026, 10, 1), "month", False, "October 2026"),
        ("2026-10", "month", False, "October 2026"),
        (date(2026, 10, 1), None, False, "2026-10-01"),
        (datetime(2026, 11, 2, 4, 10, tzinfo=UTC), None, False, "2026-11-02 04:10 UTC"),
        (
            datetime(2026, 11, 2, 4, 10, tzinfo=timezone(timedelta(hours=5))),
            "instant",
            False,
            "2026-11-01 23:10 UTC",
        ),
        ([1, {"a": None}], None, False, '[1, {"a": null}]'),
    ],
)
def test_formats(value: object, fmt: str | None, signed: bool, text: str) -> None:
    assert format_value(value, fmt, signed=signed) == text


@pytest.mark.parametrize(("value", "fmt"), [(1, "euro"), (True, "int"), ("x", "date"), (5, "date")])
def test_a_format_that_does_not_fit_is_an_error(value: object, fmt: str) -> None:
    with pytest.raises(ComponentError):
        format_value(value, fmt)


def test_printable_keeps_scripts_and_drops_what_acts() -> None:
    assert printable("a\r\nb\tc") == "a  b c"
    assert printable("x\u202ey\u2066z\ufeff") == "xyz"
    assert printable("\x00\x1b\ue000") == "\ufffd" * 3
    assert printable("नेहा مريم 李 \u200d\U0001f600") == "नेहा مريم 李 \u200d\U0001f600"


def test_csv_neutralises_text_only() -> None:
    rows = Rows("q", ["=name", "n"], [("=1", -1), ("+1", -0.5), ("-a", None), ("@a", 0), ('a"', 1)])
    assert csv_text(rows) == ("'=name,n\r\n'=1,-1\r\n'+1,-0.5\r\n'-a,\r\n'@a,0\r\n\"a\"\"\",1\r\n")
    assert csv_text(Rows("q", ["a"], [("\ta",), ("\rb",)])) == "a\r\n'\ta\r\n\"'\rb\"\r\n"


@pytest.fixture(scope="module")
def writer() -> PdfWriter:
    return PdfWriter()


def document(*blocks: Paragraph | Chart, title: str = "T") -> Document:
    return Document(
        [Text(title)],
        "s",
        "p",
        "r",
        "f",
        [],
        list(blocks),
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
    )


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_text_can_be_set(writer: PdfWriter, text: str) -> None:
    shown = printable(text)
    assert writer.write(document(Paragraph([Text(shown, isolate=True)]), title=shown or "T"))


def test_a_mark_without_a_glyph_does_not_take_its_letter_along(writer: PdfWriter) -> None:
    shown = spoken(writer.write(document(Paragraph([Text("ж\U0001e8d0 ᚠᛇ")]))))
    assert "ж" in shown
    assert "\ufffd" in shown
    assert not shown & set("\U0001e8d0ᚠᛇ")


def test_a_chart_that_cannot_be_drawn_is_put_in_words(writer: PdfWriter) -> None:
    svg = line_chart(
        ["नेहा", "مريم الحسن"],
        [Series("a", [1.0, 2.0])],
        Texts("Chart", "d", "x", "y"),
    )
    chart = Chart("Chart", "Words: ~", svg)
    shown = spoken(writer.write(document(chart)))
    assert "~" in shown
