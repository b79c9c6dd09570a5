"""What a simulation is asked for, and what it hands back."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ingestion.sources import SOURCES

DAY_S = 86_400
# The last overnight shifts end within a day of the last midnight in UTC; half a day more lets a
# missing clock-out run into its cap before the simulation ends.
TAIL_S = 36 * 3600


@dataclass(frozen=True)
class SimulationSettings:
    """How much to simulate.

    agents: people with role `agent`; months: calendar months ending with `end` ('YYYY-MM');
    seed: any non-negative integer; out: an empty or absent folder; quirks: export flaws too; vendor:
    whose exports to write in place of the datasets that they feed.
    """

    agents: int
    months: int
    end: str
    seed: int
    out: Path
    quirks: bool = False
    vendor: str | None = None

    def validate(self) -> None:
        """Raise ValueError, with a sentence for the user, when a setting cannot be simulated."""
        if self.agents < 1:
            raise ValueError(f"agents must be at least 1, not {self.agents}")
        if self.vendor is not None and self.vendor not in SOURCES:
            raise ValueError(f"vendor must be one of {', '.join(SOURCES)}, not {self.vendor!r}")
        if self.months < 1:
            raise ValueError(f"months must be at least 1, not {self.months}")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, not {self.seed}")
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", self.end):
            raise ValueError(f"end must be a month written YYYY-MM, not {self.end!r}")
        last = int(self.end[:4]) * 12 + int(self.end[5:]) - 1
        if last - self.months + 1 < 1990 * 12 or last >= 2100 * 12:
            raise ValueError(
                f"the {self.months} months ending with {self.end} must lie between 1990 and 2099"
            )
        if self.out.exists() and not self.out.is_dir():
            raise ValueError(f"{self.out} is a file; name a folder to write to")
        if self.out.is_dir() and any(self.out.iterdir()):
            raise ValueError(f"{self.out} is not empty; name a new or an empty folder")


@dataclass(frozen=True)
class Month:
    """One calendar month; days are counted from 1970-01-01, `stop_day` is exclusive."""

    label: str
    index: int
    first_day: int
    stop_day: int


@dataclass(frozen=True)
class SimulationSummary:
    """What was written.

    rows: true rows per dataset; files: landing files per dataset; bad_rows: rows per dataset that
    break the contract on purpose; as_of: the end of the simulation, when everyone is away.
    """

    landing: Path
    truth: Path
    as_of: datetime
    rows: dict[str, int]
    files: dict[str, int]
    bad_rows: dict[str, int]


def months_of(settings: SimulationSettings) -> list[Month]:
    """The simulated months, oldest first."""
    last = int(settings.end[:4]) * 12 + int(settings.end[5:]) - 1
    numbers = range(last - settings.months + 1, last + 1)
    return [
        Month(
            label=f"{number // 12:04d}-{number % 12 + 1:02d}",
            index=index,
            first_day=_first_day(number),
            stop_day=_first_day(number + 1),
        )
        for index, number in enumerate(numbers)
    ]


def end_of_simulation(months: list[Month]) -> int:
    """The epoch second (UTC) at which the simulation stops."""
    return months[-1].stop_day * DAY_S + TAIL_S


def as_datetime(epoch_s: int) -> datetime:
    """An epoch second as an aware datetime in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=epoch_s)


def _first_day(number: int) -> int:
    return (date(number // 12, number % 12 + 1, 1) - date(1970, 1, 1)).days
