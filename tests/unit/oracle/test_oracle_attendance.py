"""Attendance by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from scenes import DAY, LATE, agent, at, events, segment, world

from tests.oracle.attendance import attendance
from tests.oracle.contract import Row
from tests.oracle.days import agent_days

MORNING = [
    segment(at("09:00"), at("11:00")),
    segment(at("11:00"), at("11:15"), "break"),
    segment(at("11:15"), at("12:00"), "training"),
]


def judged(shifts: list[Row], *moments: tuple[object, ...]) -> Row:
    rows = world(shifts=shifts, status_events=events(*moments))  # type: ignore[arg-type]
    return attendance(rows, LATE)["a", "s"]


def test_adherence_lateness_and_shrinkage() -> None:
    shift = judged(
        MORNING,
        (at("09:10"), "available"),
        (at("10:00"), "unavailable", "back_office"),
        (at("10:30"), "unavailable", "meeting"),
        (at("10:40"), "available"),
        (at("11:00"), "away", "errand"),
        (at("11:10"), "unavailable", "break"),
        (at("11:20"), "unavailable", "training"),
        (at("11:50"), "away", "end of shift"),
    )
    assert shift["scheduled_seconds"] == 10_800
    # work: 09:10-10:30 (80 min, back office fits) and 10:40-11:00 (20); the meeting does not fit.
    # break: away 10 min and break 5 min. training: 11:20-11:50 (30). 145 min = 8700 s.
    assert shift["adherent_seconds"] == 8700
    assert shift["adherence"] == 8700 / 10_800
    assert (shift["late_seconds"], shift["is_late"], shift["left_early_seconds"]) == (
        600,
        True,
        600,
    )
    assert shift["clock_out_reason"] == "end of shift"
    # Available 09:10-10:00 and 10:40-11:00 = 70 min = 4200 s.
    assert shift["shrinkage"] == pytest.approx(1 - 4200 / 10_800)
    # Logged in 09:10-11:00 and 11:10-11:50 = 150 min = 9000 s.
    assert shift["conformance"] == 9000 / 10_800


@pytest.mark.parametrize(("seconds", "is_late"), [(300, False), (301, True)])
def test_grace(seconds: int, is_late: bool) -> None:
    clock_in = at("09:00") + timedelta(seconds=seconds)
    shift = judged(MORNING, (clock_in, "available"), (at("13:00"), "away"))
    assert (shift["late_seconds"], shift["is_late"]) == (seconds, is_late)
    assert shift["left_early_seconds"] == 0


def test_absent() -> None:
    shift = judged(MORNING, (at("08:00"), "available"), (at("09:00"), "away"))
    # Away all shift: the 15 minutes of break are kept to, nothing else is.
    assert (shift["is_absent"], shift["adherent_seconds"]) == (True, 900)
    assert (shift["late_seconds"], shift["left_early_seconds"]) == (None, None)


def test_time_off_is_not_scheduled_and_being_away_in_it_is_no_absence() -> None:
    off = segment(at("09:00"), at("10:00"), "time_off")
    assert judged([off])["is_absent"] is False
    assert (judged([off])["scheduled_seconds"], judged([off])["adherence"]) == (0, None)
    # With work from 10:00 on, that is where lateness starts.
    shift = judged([off, segment(at("10:00"), at("11:00"))], (at("10:01"), "active"))
    assert (shift["late_seconds"], shift["scheduled_seconds"]) == (60, 3600)


def test_a_shift_that_is_not_over_says_nothing() -> None:
    rows = world(shifts=MORNING)
    assert attendance(rows, at("11:59:59")) == {}
    assert agent_days(rows, at("11:59:59")) == {}
    assert attendance(rows, at("12:00"))["a", "s"]["is_absent"] is True


def test_an_overnight_shift_belongs_to_the_date_it_starts_on() -> None:
    rows = world(
        agents=[agent(time_zone="Asia/Kolkata")],
        shifts=[segment(at("18:00"), at("20:00"))],
        status_events=events((at("18:00"), "available"), (at("20:00"), "away")),
    )
    shift = attendance(rows, LATE)["a", "s"]
    # Kolkata's midnight is 18:30 UTC; the shift's dates are the 2nd and the 3rd.
    assert (shift["business_date"], shift["conformance"]) == (DAY, 1)
    days = agent_days(rows, LATE)
    assert days["a", DAY]["scheduled_seconds"] == 7200
    assert days["a", date(2026, 3, 3)]["scheduled_seconds"] == 0


def test_lateness_of_a_day() -> None:
    afternoon = segment(at("14:00"), at("15:00"), shift_id="s2")
    rows = world(shifts=[*MORNING, afternoon])
    assert agent_days(rows, LATE)["a", DAY]["late_seconds"] is None
    rows["status_events"] = events((at("14:02"), "available"), (at("15:00"), "away"))
    # The morning was missed; the afternoon began 120 s late.
    assert agent_days(rows, LATE)["a", DAY]["late_seconds"] == 120
