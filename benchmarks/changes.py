"""What a day more costs with one, six and twelve months of history, and what late data for twenty old days cost.

Each beside building everything anew at the same size. `load` and `models` are apart: the first grows with the files
that came, and only the second could grow with history.
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import centres
from benchmarks.measuring import OURS, Row, dbt, dbt_seconds, measure, scorehouse

HISTORY = 12
DAY, MORNING_AFTER = "2026-10-30", "2026-10-31T06:00:00Z"
ANEW = "everything anew"


def increments(folder: Path, agents: int, months: list[int]) -> Iterator[Row]:
    """One day more, by months of history."""
    for count in months:
        home, before = _with_history(folder, agents, count)
        day = centres.part(
            centres.loaded(folder, agents, HISTORY),
            folder / "day",
            f"cast(known as date) = date '{DAY}'",
        )
        case = f"one day more, {agents:,} agents"
        yield from _changed("increment", case, count, home, day, before)


def late(folder: Path, agents: int, months: list[int]) -> Iterator[Row]:
    """Contacts of twenty old days corrected, for one agent in ten."""
    home, before = _with_history(folder, agents, max(months))
    corrected = centres.part(
        centres.loaded(folder, agents, HISTORY),
        folder / "corrected",
        "month(happened) = 6 and day(happened) <= 20 and hash(agent_id) % 10 = 0",
        talk_seconds="coalesce(talk_seconds, 0) + 1",
        updated_at=f"timestamptz '{DAY} 12:00:00+00'",
    )
    case = f"twenty old days, {agents:,} agents"
    yield from _changed("late", case, max(months), home, corrected, before)


def _with_history(folder: Path, agents: int, months: int) -> tuple[Path, str]:
    """A built home that knows the months before DAY, and the instant it was built as of."""
    source = centres.loaded(folder, agents, HISTORY)
    as_of = f"{DAY}T06:00:00Z"
    files = centres.part(
        source,
        folder / "history",
        f"known < timestamptz '{DAY}' and (happened >="
        f" date_trunc('month', timestamptz '{DAY}') - interval {months - 1} month"
        " or happened < timestamptz '1971-01-01')",
    )
    home = folder / "increment"
    shutil.rmtree(home, ignore_errors=True)
    measure(scorehouse("ingest", "--home", home, "--landing", files))
    dbt(home, as_of)
    return home, as_of


def _changed(
    scenario: str, case: str, size: int, home: Path, files: Path, before: str
) -> Iterator[Row]:
    yield Row(
        scenario,
        f"{case}: load",
        size,
        OURS,
        measure(scorehouse("ingest", "--home", home, "--landing", files)),
    )
    for way, words in ((OURS, ()), (ANEW, ("--full-refresh",))):
        cost = dbt(home, MORNING_AFTER, *words)
        wall, _ = dbt_seconds(home)
        yield Row(scenario, f"{case}: models", size, way, replace(cost, wall=wall))
