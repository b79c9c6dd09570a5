"""Which month and which instant a run is about."""

import datetime as dt

import pytest

from ingestion import UnusableInput
from orchestration.months import (
    check_closable,
    choose_as_of,
    month_text,
    next_month,
    parse_instant,
    parse_month,
)

OCTOBER = dt.date(2026, 10, 1)
NOW = dt.datetime(2026, 11, 3, 7, 30, 15, 999_999, tzinfo=dt.UTC)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@pytest.mark.parametrize("text", ["2026-01", "2026-12", "1999-10"])
def test_a_month_is_its_first_day_and_back(text: str) -> None:
    month = parse_month(text)
    assert month.day == 1
    assert month_text(month) == text


@pytest.mark.parametrize(
    "text",
    [
        "2026-13",
        "2026-00",
        "2026-1",
        "26-10",
        "2026/10",
        "2026-10-01",
        " 2026-10",
        "2026-10\n",
        "",
        "٢٠٢٦-10",
    ],
)
def test_what_is_no_month_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UnusableInput, match="YYYY-MM"):
        parse_month(text)


@pytest.mark.parametrize(
    ("month", "following"),
    [
        ("2026-12", "2027-01"),
        ("2026-01", "2026-02"),
        ("2024-02", "2024-03"),
        ("2026-10", "2026-11"),
    ],
)
def test_the_month_after(month: str, following: str) -> None:
    assert next_month(parse_month(month)) == parse_month(following)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-01T06:00:00Z", "2026-11-01T06:00:00+00:00"),
        ("2026-11-01T06:00:00+05:30", "2026-11-01T00:30:00+00:00"),
        ("2026-10-31T23:00:00-08:00", "2026-11-01T07:00:00+00:00"),
    ],
)
def test_an_instant_is_read_in_utc(text: str, instant: str) -> None:
    parsed = parse_instant(text)
    assert parsed == at(instant)
    assert parsed.utcoffset() == dt.timedelta(0)


@pytest.mark.parametrize(
    "text", ["2026-11-01T06:00:00", "2026-11-01", "yesterday", "", "2026-11-31T00:00:00Z"]
)
def test_an_instant_without_an_offset_is_refused(text: str) -> None:
    with pytest.raises(UnusableInput, match="Z or an offset"):
        parse_instant(text)


@pytest.mark.parametrize(
    ("as_of", "zones", "is_over"),
    [
        ("2026-11-01T00:00:00Z", ["UTC"], True),
        ("2026-10-31T23:59:59Z", ["UTC"], False),
        # West of Greenwich the month ends later than in UTC, east of it earlier.
        ("2026-11-01T00:00:00Z", ["America/Los_Angeles"], False),
        ("2026-11-01T06:59:59Z", ["America/Los_Angeles"], False),
        ("2026-11-01T07:00:00Z", ["America/Los_Angeles"], True),
        ("2026-10-31T18:30:00Z", ["Asia/Kolkata"], True),
        ("2026-10-31T18:29:59Z", ["Asia/Kolkata"], False),
        # The last zone to reach the end decides.
        ("2026-10-31T20:00:00Z", ["Asia/Kolkata", "Europe/Warsaw"], False),
        ("2026-10-31T23:00:00Z", ["Asia/Kolkata", "Europe/Warsaw"], True),
        ("2026-11-01T00:00:00Z", [], True),
    ],
)
def test_a_month_closes_when_it_is_over_for_every_agent(
    as_of: str, zones: list[str], is_over: bool
) -> None:
    if is_over:
        check_closable(OCTOBER, at(as_of), zones, provisional=False)
        return
    with pytest.raises(UnusableInput, match=r"2026-10 is not over yet .* --provisional"):
        check_closable(OCTOBER, at(as_of), zones, provisional=False)
    check_closable(OCTOBER, at(as_of), zones, provisional=True)


@pytest.mark.parametrize("provisional", [False, True])
def test_a_future_month_is_refused_even_provisionally(provisional: bool) -> None:
    with pytest.raises(UnusableInput, match="2026-10 is in the future"):
        check_closable(OCTOBER, at("2026-09-30T21:59:59Z"), ["Europe/Warsaw"], provisional)


def test_a_month_has_begun_once_it_has_begun_for_one_agent() -> None:
    zones = ["America/Los_Angeles", "Asia/Kolkata"]
    check_closable(OCTOBER, at("2026-09-30T18:30:00Z"), zones, provisional=True)
    with pytest.raises(UnusableInput, match="future"):
        check_closable(OCTOBER, at("2026-09-30T18:29:59Z"), zones, provisional=True)


def test_the_instant_asked_for_counts_above_all() -> None:
    asked, closed_at = at("2026-11-15T00:00:00Z"), at("2026-11-02T12:00:00Z")
    assert choose_as_of(asked, NOW, (closed_at, 7), 7) == asked


def test_a_closed_month_without_later_loads_keeps_its_instant() -> None:
    closed_at = at("2026-11-02T12:00:00Z")
    assert choose_as_of(None, NOW, (closed_at, 7), 7) == closed_at


@pytest.mark.parametrize("last_close", [None, (at("2026-11-02T12:00:00Z"), 6)])
def test_otherwise_a_run_reports_at_the_present_whole_second(
    last_close: tuple[dt.datetime, int] | None,
) -> None:
    assert choose_as_of(None, NOW, last_close, 7) == NOW.replace(microsecond=0)
