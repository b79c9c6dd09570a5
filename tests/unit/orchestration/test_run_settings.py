"""What a run was asked for, as its tags say it."""

import datetime as dt

import pytest

from ingestion import UnusableInput
from orchestration.run_settings import (
    AS_OF_TAG,
    PARTITION_TAG,
    PROVISIONAL_TAG,
    RunSettings,
    settings_from_tags,
)

OCTOBER = dt.date(2026, 10, 1)


def test_a_run_without_tags_closes_nothing() -> None:
    settings = settings_from_tags({"dagster/other": "x"})
    assert settings == RunSettings(None, None, False)
    assert settings.closing_month is None


def test_tags_say_month_and_instant() -> None:
    settings = settings_from_tags(
        {PARTITION_TAG: "2026-10", AS_OF_TAG: "2026-11-15T01:00:00+01:00"}
    )
    assert settings.month == settings.closing_month == OCTOBER
    assert settings.as_of == dt.datetime(2026, 11, 15, tzinfo=dt.UTC)


def test_a_provisional_run_gives_no_month_revisions() -> None:
    settings = settings_from_tags({PARTITION_TAG: "2026-10", PROVISIONAL_TAG: "true"})
    assert settings.month == OCTOBER
    assert settings.closing_month is None


@pytest.mark.parametrize("tags", [{PARTITION_TAG: "October"}, {AS_OF_TAG: "2026-11-15"}])
def test_a_tag_that_says_nothing_usable_is_refused(tags: dict[str, str]) -> None:
    with pytest.raises(UnusableInput):
        settings_from_tags(tags)
