"""Status time by hand: each number is worked out in a comment."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from scenes import DAY, LATE, agent, at, contact, events, world

from tests.oracle.days import agent_days
from tests.oracle.instants import first_second_of, instant_of
from tests.oracle.intervals import status_intervals
from tests.oracle.timeline import Timeline, by_run, by_second

AS_OF = at("20:00", day=3)


@pytest.fixture(params=[by_second, by_run])
def timeline(request: pytest.FixtureRequest) -> Timeline:
    chosen: Timeline = request.param
    return chosen


def test_states_reasons_and_sessions(timeline: Timeline) -> None:
    rows = world(
        status_events=events(
            (at("09:00"), "available"),
            (at("10:00"), "unavailable", "break"),
            (at("10:10"), "unavailable", "Break"),
            (at("10:15"), "active"),
            (at("10:30"), "away", "lunch"),
            (at("11:00"), "unavailable", "training"),
            (at("11:20"), "away"),
        ),
        interactions=[contact(at("09:10"), 600, acw_seconds=60)],
    )
    day = agent_days(rows, AS_OF, timeline=timeline)["a", DAY]
    # Available 09:00-10:00 = 3600, of which handling 09:10-09:21 = 660 is active.
    assert day["available_seconds"] == 2940
    # 660 handling + 10:15-10:30 = 900.
    assert day["active_seconds"] == 1560
    # break 600, "Break" is not `break`: other 300, training 1200; together 2100.
    assert (day["break_seconds"], day["other_unavailable_seconds"]) == (600, 300)
    assert (day["training_seconds"], day["unavailable_seconds"]) == (1200, 2100)
    # 2940 + 1560 + 2100 = 6600 = 09:00-10:30 (5400) + 11:00-11:20 (1200).
    assert day["logged_in_seconds"] == 6600
    assert day["unclassified_seconds"] == 0
    assert day["sessions"] == 2
    assert (day["first_clock_in_at"], day["last_clock_out_at"]) == (at("09:00"), at("11:20"))
    assert day["occupancy"] == 1560 / 4500
    assert day["utilization"] == 1560 / 6600


def test_overlapping_chats_count_once_in_time_and_twice_in_concurrency(timeline: Timeline) -> None:
    rows = world(
        status_events=events((at("09:00"), "available"), (at("10:00"), "away")),
        interactions=[
            contact(at("09:00"), 600),
            contact(at("09:05"), 600, interaction_id="i2"),
            contact(at("09:50"), 1200, interaction_id="i3"),
        ],
    )
    day = agent_days(rows, AS_OF, timeline=timeline)["a", DAY]
    # Union 09:00-09:15 (900) + 09:50-10:10 (1200) = 2100; sum 600 + 600 + 1200 = 2400.
    assert day["handling_seconds"] == 2100
    assert day["concurrency"] == 2400 / 2100
    # Away from 10:00: 600 s of the third contact are off the clock; 900 + 600 are active.
    assert day["off_clock_handling_seconds"] == 600
    assert day["active_seconds"] == 1500


def test_handling_before_the_first_event_is_off_the_clock(timeline: Timeline) -> None:
    rows = world(
        status_events=events((at("09:00"), "available"), (at("10:00"), "away")),
        interactions=[contact(at("08:59"), 120)],
    )
    day = agent_days(rows, AS_OF, timeline=timeline)["a", DAY]
    # 08:59-09:00 away, 09:00-09:01 active.
    assert (day["off_clock_handling_seconds"], day["active_seconds"]) == (60, 60)


@pytest.mark.parametrize(
    ("hours", "seconds", "is_flagged"),
    [(12, 43_200, False), (13, 43_200, True)],
)
def test_no_interval_lasts_longer_than_the_cap(
    timeline: Timeline, hours: int, seconds: int, is_flagged: bool
) -> None:
    clock_in = at("01:00")
    rows = world(
        status_events=events(
            (clock_in, "unavailable", "meeting"), (clock_in + timedelta(hours=hours), "away")
        )
    )
    # Exactly 12 h are kept whole; of 13 h the last one becomes away, and both pieces are flagged.
    assert agent_days(rows, AS_OF, timeline=timeline)["a", DAY]["logged_in_seconds"] == seconds
    clock_out = clock_in + timedelta(hours=hours)
    pieces = [
        piece
        for piece in status_intervals(rows, AS_OF, timeline=timeline)
        if piece["started_at"] < clock_out
    ]
    assert all(piece["missing_clock_out"] is is_flagged for piece in pieces)
    cut_off = [(p["state"], p["reason"], p["seconds"]) for p in pieces[1:]]
    assert cut_off == ([("away", None, 3600)] if is_flagged else [])


def test_equal_instants_go_by_event_id_and_the_last_one_holds(timeline: Timeline) -> None:
    rows = world(
        status_events=events(
            (at("09:00:00.9"), "active"), (at("09:00:00.9"), "available"), (at("09:01"), "away")
        )
    )
    day = agent_days(rows, AS_OF, timeline=timeline)["a", DAY]
    # e0 lasts zero seconds; e1 holds from 09:00:00 (floored) to 09:01.
    assert (day["active_seconds"], day["available_seconds"]) == (0, 60)


def test_fractions_order_events_within_a_second(timeline: Timeline) -> None:
    # e0 is later within the second although its id is smaller, so it is the one that holds.
    rows = world(
        status_events=events(
            (at("09:00:00.9"), "active"), (at("09:00:00.1"), "available"), (at("09:01"), "away")
        )
    )
    assert agent_days(rows, AS_OF, timeline=timeline)["a", DAY]["active_seconds"] == 60


def test_nothing_after_as_of_is_seen_and_open_handling_runs_to_it(timeline: Timeline) -> None:
    rows = world(
        status_events=events((at("09:00"), "available"), (at("10:00"), "away")),
        interactions=[contact(at("09:10"), 3600), contact(at("09:31"), interaction_id="i2")],
    )
    day = agent_days(rows, at("09:30"), timeline=timeline)["a", DAY]
    # 09:00-09:10 available; 09:10-09:30 handling, not ended yet, so no contact.
    assert (day["available_seconds"], day["active_seconds"]) == (600, 1200)
    assert day["handled_contacts"] == 0


def test_after_call_work_past_as_of_counts_as_work_and_not_as_time(timeline: Timeline) -> None:
    rows = world(interactions=[contact(at("09:00"), 60, talk_seconds=60, acw_seconds=600)])
    day = agent_days(rows, at("09:03"), timeline=timeline)["a", DAY]
    # The contact ended: all 660 s handle time; its interval is cut at 09:03 = 180 s.
    assert (day["handle_seconds"], day["handling_seconds"]) == (660, 180)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/Havana", date(2026, 3, 8), 23),
        ("America/Havana", date(2026, 11, 1), 25),
        ("Asia/Beirut", date(2026, 10, 24), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Pacific/Apia", date(2011, 12, 29), 24),
        ("Asia/Kolkata", date(2026, 3, 8), 24),
    ],
)
def test_length_of_awkward_local_days(zone: str, day: date, hours: float) -> None:
    length = first_second_of(day + timedelta(days=1), zone) - first_second_of(day, zone)
    assert length == hours * 3600


def test_time_is_split_at_local_midnight(timeline: Timeline) -> None:
    rows = world(
        agents=[agent(time_zone="Asia/Kolkata")],
        status_events=events((at("18:00"), "available"), (at("19:00"), "away")),
    )
    days = agent_days(rows, AS_OF, timeline=timeline)
    # Midnight in Kolkata is 18:30 UTC: half an hour on each date, one session on each.
    assert {key[1].day: day["logged_in_seconds"] for key, day in days.items()} == {2: 1800, 3: 1800}
    assert [day["sessions"] for day in days.values()] == [1, 1]
    assert days["a", DAY]["last_clock_out_at"] == at("18:30")


def test_a_profile_begins_at_its_own_local_midnight_and_the_first_covers_what_came_before() -> None:
    rows = world(
        agents=[
            agent(time_zone="UTC", effective_from=date(2026, 3, 2), team_id="old"),
            agent(time_zone="America/New_York", effective_from=date(2026, 3, 3), team_id="new"),
        ],
        tickets=[
            {"ticket_id": "1", "agent_id": "a", "status": "closed", "resolved_at": at("10:00", 1)},
            {"ticket_id": "2", "agent_id": "a", "status": "closed", "resolved_at": at("04:59", 3)},
            {"ticket_id": "3", "agent_id": "a", "status": "closed", "resolved_at": at("05:00", 3)},
        ],
    )
    # New York's 3 March begins at 05:00 UTC. Until then UTC's calendar holds: 04:59 is already the
    # 3rd there too. The team goes by the date alone, and before the first row by the first row.
    teams = {key[1].day: (d["team_id"], d["resolved_tickets"]) for key, d in _days(rows).items()}
    assert teams == {1: ("old", 1), 3: ("new", 2)}


def _days(rows: dict[str, list[dict[str, object]]]) -> dict[tuple[str, date], dict[str, object]]:
    return agent_days(rows, LATE)


def test_an_orphan_lives_in_utc_without_a_team() -> None:
    rows = world(tickets=[{"agent_id": "x", "status": "closed", "resolved_at": at("23:59")}])
    assert agent_days(rows, LATE)["x", DAY]["team_id"] is None


def test_a_profile_that_has_not_begun_is_not_seen() -> None:
    rows = world(
        agents=[agent(time_zone="Asia/Kolkata", effective_from=date(2026, 3, 3))],
        tickets=[{"agent_id": "a", "status": "closed", "resolved_at": at("18:20")}],
    )
    # 3 March begins in Kolkata at 18:30 UTC on the 2nd: a second earlier the agent is unknown.
    assert agent_days(rows, at("18:29:59"))["a", DAY]["team_id"] is None
    assert agent_days(rows, at("18:30"))["a", DAY]["team_id"] == "t"


def test_what_is_not_collected_is_none_and_what_did_not_happen_is_zero() -> None:
    rows = world(tickets=[{"agent_id": "a", "status": "closed", "resolved_at": at("12:00")}])
    day = agent_days(rows, LATE)["a", DAY]
    assert (day["logged_in_seconds"], day["occupancy"]) == (0, None)
    assert (day["leads"], day["scheduled_seconds"], day["csat"]) == (None, None, None)
    assert agent_days(rows | {"shifts": []}, LATE)["a", DAY]["late_seconds"] == 0


def test_time_away_alone_makes_no_row() -> None:
    assert agent_days(world(status_events=events((at("09:00"), "away"))), LATE) == {}


def test_instants_round_trip() -> None:
    assert instant_of(0) == datetime(1970, 1, 1, tzinfo=UTC)
