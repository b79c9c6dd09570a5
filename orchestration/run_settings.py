"""What one run was asked for, carried as run tags, so that UI, schedules and command line say it the same way."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg

from orchestration.months import parse_instant, parse_month

AS_OF_TAG = "scorehouse/as_of"
PROVISIONAL_TAG = "scorehouse/provisional"
PARTITION_TAG = "dagster/partition"


@dataclass(frozen=True)
class RunSettings:
    """The month a run closes (None: none), the instant asked for (None: choose), and whether it is provisional."""

    month: dt.date | None
    as_of: dt.datetime | None
    provisional: bool

    @property
    def closing_month(self) -> dt.date | None:
        """The month that gets revisions in this run."""
        return None if self.provisional else self.month


def settings_from_tags(tags: Mapping[str, str]) -> RunSettings:
    """Read the settings of a run from its tags.

    Raises:
        UnusableInput: a tag holds no month or no instant.
    """
    month, as_of = tags.get(PARTITION_TAG), tags.get(AS_OF_TAG)
    return RunSettings(
        month=parse_month(month) if month else None,
        as_of=parse_instant(as_of) if as_of else None,
        provisional=tags.get(PROVISIONAL_TAG) == "true",
    )


def settings_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> RunSettings:
    """The settings of the run that `context` belongs to."""
    return settings_from_tags(context.run.tags)


def started_at(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> dt.datetime:
    """When the run was created: one instant for all its steps."""
    record = context.instance.get_run_record_by_id(context.run.run_id)
    if record is None:
        raise dg.DagsterInvariantViolationError("a run without a record has no start")
    created: dt.datetime = record.create_timestamp
    return created.astimezone(dt.UTC)
