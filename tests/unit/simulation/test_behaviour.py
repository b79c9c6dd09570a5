"""What the simulated people do: the rules a real centre could not break, and plausible figures."""

from bisect import bisect_left
from collections import defaultdict
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ingestion.simulation import SimulationSummary

Row = dict[str, Any]
DAY_S = 86_400
CAP_S = 12 * 3600
# No contact lasts longer, so none that began earlier can reach into a spell.
LONGEST_S = 3 * 3600


def rows(summary: SimulationSummary, name: str) -> list[Row]:
    return _rows(summary.truth / f"{name}.parquet")


@cache
def _rows(path: Path) -> list[Row]:
    return list(pq.read_table(path).to_pylist())


def second(moment: datetime) -> int:
    return int(moment.timestamp())


def by_agent(items: list[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for item in items:
        grouped[item["agent_id"]].append(item)
    return grouped


def handled(summary: SimulationSummary) -> list[Row]:
    return [row for row in rows(summary, "interactions") if row["agent_id"] and row["answered_at"]]


def forgot_to_clock_out(events: list[Row]) -> bool:
    events = sorted(events, key=lambda row: row["occurred_at"])
    return any(
        event["status"] != "away"
        and second(following["occurred_at"]) - second(event["occurred_at"]) > CAP_S
        for event, following in pairwise(events)
    )


def expected_status(events: list[Row], contacts: list[Row], stop_s: int) -> list[tuple[Any, ...]]:
    """One agent's effective states, read from events and contacts one interval at a time."""
    events = sorted(events, key=lambda row: (row["occurred_at"], row["event_id"]))
    spells: list[tuple[int, int, str, str | None]] = []
    for event, following in zip(events, [*events[1:], None], strict=True):
        start = second(event["occurred_at"])
        stop = second(following["occurred_at"]) if following else stop_s
        cut = stop if event["status"] == "away" else min(stop, start + CAP_S)
        spells.append((start, cut, event["status"], event["reason"]))
        spells.append((cut, stop, "away", None))
    busy = sorted(
        (second(row["answered_at"]), second(row["ended_at"]) + (row["acw_seconds"] or 0))
        for row in contacts
    )
    pieces: list[tuple[int, int, str, str | None]] = []
    for start, stop, state, reason in spells:
        at = start
        if state == "available":
            for begins, ends in busy[bisect_left(busy, (start - LONGEST_S,)) :]:
                if begins >= stop:
                    break
                if ends <= at:
                    continue
                pieces.append((at, max(begins, at), state, reason))
                pieces.append((max(begins, at), min(ends, stop), "active", reason))
                at = min(ends, stop)
        pieces.append((at, stop, state, reason))
    merged: list[tuple[int, int, str, str | None]] = []
    for start, stop, state, reason in pieces:
        if stop <= start:
            continue
        if merged and merged[-1][2:] == (state, reason):
            merged[-1] = (merged[-1][0], stop, state, reason)
        else:
            merged.append((start, stop, state, reason))
    return merged


@pytest.mark.parametrize("centre", ["clean", "quirky", "two_months"])
def test_status_truth_is_what_the_definitions_make_of_events_and_contacts(
    centre: str, request: pytest.FixtureRequest
) -> None:
    summary: SimulationSummary = request.getfixturevalue(centre)
    events = by_agent(rows(summary, "status_events"))
    contacts = by_agent(handled(summary))
    found = by_agent(rows(summary, "status_truth"))
    assert set(found) == set(events)
    orphans = {name for name in found if name.startswith("X-")}
    forgetful = {name for name in found if forgot_to_clock_out(events[name])}
    assert bool(forgetful) == bool(orphans) == (centre != "clean")
    for agent in {*sorted(found)[::6], *orphans, *sorted(forgetful)[:3]}:
        truth = [
            (row["start_s"], row["end_s"], row["state"], row["reason"]) for row in found[agent]
        ]
        assert truth == expected_status(events[agent], contacts[agent], second(summary.as_of))


@pytest.mark.parametrize("centre", ["clean", "quirky", "two_months"])
def test_status_truth_is_gap_free_and_ends_with_everyone_away(
    centre: str, request: pytest.FixtureRequest
) -> None:
    summary: SimulationSummary = request.getfixturevalue(centre)
    for truth in by_agent(rows(summary, "status_truth")).values():
        for row, following in pairwise(truth):
            assert row["start_s"] < row["end_s"] == following["start_s"]
            assert (row["state"], row["reason"]) != (following["state"], following["reason"])
        assert truth[-1]["end_s"] == second(summary.as_of)
        assert truth[-1]["state"] == "away"


def test_missing_clock_outs_occur_and_are_capped(quirky: SimulationSummary) -> None:
    truth = rows(quirky, "status_truth")
    assert any(row["state"] == "away" and row["reason"] is None for row in truth)


def test_events_of_an_agent_never_share_a_second(clean: SimulationSummary) -> None:
    for events in by_agent(rows(clean, "status_events")).values():
        moments = [second(row["occurred_at"]) for row in events]
        assert len(set(moments)) == len(moments)


def test_nobody_is_on_two_calls_or_more_than_three_chats(clean: SimulationSummary) -> None:
    limits = {"voice": 1, "video": 1, "email": 1, "social": 1, "back_office": 1, "chat": 3}
    for contacts in by_agent(handled(clean)).values():
        for channel, limit in limits.items():
            edges = []
            for row in contacts:
                if row["channel"] == channel:
                    start = second(row["answered_at"])
                    edges += [(start, 1), (second(row["ended_at"]) + row["acw_seconds"], -1)]
            level = 0
            for _, step in sorted(edges):
                level += step
                assert level <= limit, channel


def test_a_contact_is_queued_then_answered_then_ended(clean: SimulationSummary) -> None:
    stop = clean.as_of
    for row in rows(clean, "interactions"):
        assert row["queued_at"] <= row["ended_at"] <= stop
        if row["answered_at"]:
            assert row["queued_at"] <= row["answered_at"] <= row["ended_at"]
            length = second(row["ended_at"]) - second(row["answered_at"])
            assert row["talk_seconds"] + (row["hold_seconds"] or 0) == length
            assert (row["hold_seconds"] is None) == (row["channel"] not in ("voice", "video"))
        if row["outcome"] == "abandoned":
            assert row["agent_id"] is None
            assert row["answered_at"] is None


def test_repeats_fall_on_both_sides_of_the_window(clean: SimulationSummary) -> None:
    issues: dict[tuple[Any, Any], list[Row]] = defaultdict(list)
    for row in handled(clean):
        issues[row["customer_id"], row["topic"]].append(row)
    gaps: list[int] = []
    for contacts in issues.values():
        contacts.sort(key=lambda row: row["answered_at"])
        gaps += [
            second(later["answered_at"]) - second(earlier["ended_at"])
            for earlier, later in pairwise(contacts)
        ]
    assert 7 * DAY_S in gaps
    assert 7 * DAY_S + 1 in gaps
    assert sum(gap < 7 * DAY_S for gap in gaps) > 500
    assert sum(gap > 8 * DAY_S for gap in gaps) > 100


def test_some_handling_is_off_the_clock(clean: SimulationSummary) -> None:
    away = {
        agent: [(row["start_s"], row["end_s"]) for row in truth if row["state"] == "away"]
        for agent, truth in by_agent(rows(clean, "status_truth")).items()
    }
    late, early = 0, 0
    for row in handled(clean):
        start, stop = second(row["answered_at"]), second(row["ended_at"]) + row["acw_seconds"]
        late += any(start < begins < stop for begins, _ in away[row["agent_id"]])
        early += any(start < ends < stop for _, ends in away[row["agent_id"]])
    assert late
    assert early
    assert late + early < 200


def test_shift_segments_do_not_overlap(clean: SimulationSummary) -> None:
    for segments in by_agent(rows(clean, "shifts")).values():
        segments.sort(key=lambda row: row["starts_at"])
        for row, following in pairwise(segments):
            assert row["starts_at"] < row["ends_at"] <= following["starts_at"]
    assert {row["activity"] for row in rows(clean, "shifts")} == {
        "work",
        "break",
        "meeting",
        "training",
        "time_off",
    }


def test_people_move_join_and_leave(two_months: SimulationSummary) -> None:
    profiles = by_agent([row for row in rows(two_months, "agents") if row["role"] == "agent"])
    assert len(profiles) == 31
    start = datetime(2026, 3, 1, tzinfo=UTC).date()
    assert any(profile["hired_on"] > start for p in profiles.values() for profile in p)
    assert any(profile["left_on"] for p in profiles.values() for profile in p)
    moved = [p for p in profiles.values() if len(p) > 1]
    assert any(p[0]["time_zone"] != p[-1]["time_zone"] for p in moved)
    assert any(p[0]["time_zone"] == p[-1]["time_zone"] for p in moved)
    assert len({profile["time_zone"] for p in profiles.values() for profile in p}) == 2


def test_people_named_by_teams_exist(clean: SimulationSummary) -> None:
    known = {row["agent_id"]: row["role"] for row in rows(clean, "agents")}
    for team in rows(clean, "teams"):
        assert known[team["team_lead_id"]] == "team_lead"
        assert known[team["supervisor_id"]] == "supervisor"
        assert known[team["department_head_id"]] == "department_head"
    for row in rows(clean, "qa_evaluations"):
        assert known[row["evaluator_id"]] == "qa"


def test_every_ticket_status_occurs_and_only_the_done_are_resolved(
    clean: SimulationSummary,
) -> None:
    tickets = rows(clean, "tickets")
    assert {row["status"] for row in tickets} == {
        "open",
        "pending",
        "resolved",
        "closed",
        "reopened",
        "cancelled",
    }
    for row in tickets:
        done = row["status"] in ("resolved", "closed", "reopened")
        assert (row["resolved_at"] is not None) == done


def test_the_centre_is_plausible(clean: SimulationSummary) -> None:
    contacts = handled(clean)
    worked = {
        (row["agent_id"], row["start_s"] // DAY_S)
        for row in rows(clean, "status_truth")
        if row["state"] == "available"
    }
    assert 35 < len(contacts) / len(worked) < 60
    time: dict[str, int] = defaultdict(int)
    for row in rows(clean, "status_truth"):
        time[row["state"]] += row["end_s"] - row["start_s"]
    assert 0.65 < time["active"] / (time["active"] + time["available"]) < 0.88
    scores = [row["score"] for row in rows(clean, "csat_surveys") if row["score"]]
    assert 0.80 < sum(score >= 4 for score in scores) / len(scores) < 0.92
    offered = [row for row in rows(clean, "interactions") if row["channel"] == "voice"]
    abandoned = sum(row["outcome"] == "abandoned" for row in offered) / len(offered)
    assert 0.005 < abandoned < 0.12
