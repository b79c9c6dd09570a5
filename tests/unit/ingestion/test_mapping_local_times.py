"""Local times as the SQL of a mapping and as zoneinfo judge them: the same instants, and the same faults."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion import engine
from ingestion.mapping import read_mapping
from ingestion.mapping.sql import mapped_rows

TWICE, MISSING = "twice", "does not exist"
# Changes of an hour, of half an hour, of two; in the night, at midnight, and where the date changes; and none at all.
ZONES = (
    *("Europe/Warsaw", "Europe/Dublin", "America/New_York", "America/Sao_Paulo", "America/Havana"),
    *("Australia/Lord_Howe", "Antarctica/Troll", "Asia/Beirut", "Asia/Kolkata", "Africa/Cairo"),
    *("Pacific/Apia", "Pacific/Auckland", "Pacific/Chatham", "America/St_Johns", "UTC"),
)
FIRST, LAST = datetime(1995, 1, 1), datetime(2035, 12, 31)


def slowly(local: datetime, zone: ZoneInfo) -> datetime | str:
    """What a local time is, by the two readings that Python has of it."""
    possible = {
        instant
        for fold in (0, 1)
        for instant in [local.replace(tzinfo=zone, fold=fold).astimezone(UTC)]
        if instant.astimezone(zone).replace(tzinfo=None, fold=0) == local
    }
    if not possible:
        return MISSING
    return TWICE if len(possible) == 2 else possible.pop()


class Mapped:
    """One mapping, and what its SQL makes of local times."""

    def __init__(self, folder: Path, zone: str) -> None:
        path = folder / zone.replace("/", "_").lower() / "mapping.yml"
        path.parent.mkdir()
        path.write_text(
            f"time_zone: {zone}\nrows:\n- from: x\n  into: tickets\n  columns:\n"
            "    {ticket_id: id, status: {constant: open}, created_at: at}\n"
        )
        (self._entry,) = read_mapping(path).entries

    def __call__(self, times: Sequence[datetime]) -> list[datetime | str]:
        with engine.connect() as opened:
            opened.execute(
                'CREATE TABLE numbered AS SELECT place, place::VARCHAR AS "their id", "their at"'
                ' FROM (SELECT unnest($times) AS "their at", unnest($places) AS place)',
                {
                    "times": [one.isoformat(sep=" ") for one in times],
                    "places": list(range(len(times))),
                },
            )
            rows = opened.execute(
                'SELECT CASE WHEN "why created_at" IS NULL THEN created_at END, "why created_at"'
                f" FROM ({mapped_rows(self._entry)}) ORDER BY row_number"
            ).fetchall()
        return [
            datetime.fromisoformat(made)
            if made is not None
            else next(word for word in (TWICE, MISSING) if word in why)
            for made, why in rows
        ]


@pytest.fixture(scope="module", params=ZONES)
def zone(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Mapped]:
    return request.param, Mapped(tmp_path_factory.mktemp("zones"), request.param)


def changes(zone: ZoneInfo) -> Iterator[datetime]:
    """Local times about each change of the clocks, every 15 minutes."""
    hour = timedelta(hours=1)
    at = FIRST.replace(tzinfo=UTC)
    while at < LAST.replace(tzinfo=UTC):
        if at.astimezone(zone).utcoffset() != (at + 24 * hour).astimezone(zone).utcoffset():
            local = at.replace(tzinfo=None)
            yield from (local + timedelta(minutes=15 * step) for step in range(-60, 240))
        at += 24 * hour


def test_about_every_change_of_the_clocks(zone: tuple[str, Mapped]) -> None:
    name, mapped = zone
    times = sorted(set(changes(ZoneInfo(name))))
    assert bool(times) == (name not in ("UTC", "Asia/Kolkata"))
    times = times or [FIRST, LAST]
    expected = [slowly(one, ZoneInfo(name)) for one in times]
    found = mapped(times)
    differing = [(str(a), b, c) for a, b, c in zip(times, expected, found, strict=True) if b != c]
    assert differing == []


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(times=st.lists(st.datetimes(FIRST, LAST), min_size=1, max_size=300))
def test_any_time(zone: tuple[str, Mapped], times: list[datetime]) -> None:
    name, mapped = zone
    assert mapped(times) == [slowly(one, ZoneInfo(name)) for one in times]
