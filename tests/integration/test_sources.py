"""Parity: through a vendor's exports the marts say what they say through the landing contract, cell by cell.

The same simulated month is closed once for each path. Where a vendor's system does not carry a fact the cell is null,
or differs for the reason that stands here and in docs/sources.md; everything else is the same.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from tests.integration.scenes import AS_OF, MONTH
from tests.support.command import scorehouse

# Five closes before the first test.
pytestmark = [pytest.mark.timeout(3600), pytest.mark.long]

CENTRE = ("--agents", 12, "--months", 1, "--end", MONTH, "--seed", 1, "--quirks")
KEYS = {
    "fct_agent_day": ("agent_id", "business_date"),
    "fct_agent_month": ("agent_id", "month"),
    "fct_team_month": ("team_id", "month"),
    "fct_agent_channel_month": ("agent_id", "month", "channel"),
    "fct_interaction": ("interaction_id",),
    "fct_queue_day": ("queue", "channel", "business_date"),
    "fct_status_interval": ("agent_id", "started_at"),
    "fct_attendance": ("agent_id", "shift_id"),
    "fct_qa_evaluation": ("evaluation_id",),
    "fct_ticket": ("ticket_id",),
    "fct_csat_response": ("survey_id",),
}
# Why a cell may be null where the landing contract has a value.
NO_CLOCK_OUT_REASON = {"fct_status_interval": {"reason"}, "fct_attendance": {"clock_out_reason"}}
FCR = {"fcr", "fcr_contacts", "fcr_eligible_contacts", "fcr_pending_contacts"}
NOT_RECORDED: dict[str, dict[str, set[str]]] = {
    "asterisk": {
        **NO_CLOCK_OUT_REASON,
        **{
            mart: {"hold_seconds", "escalated_contacts", "escalation_rate", *FCR}
            for mart in KEYS
            if mart.startswith(("fct_agent", "fct_team"))
        },
        "fct_interaction": {
            "topic",
            "case_id",
            "outcome",
            "hold_seconds",
            "is_fcr_eligible",
            "is_fcr",
        },
    },
    "amazon_connect": {
        **NO_CLOCK_OUT_REASON,
        "fct_qa_evaluation": {
            *("method", "sampling", "is_random", "script_adherence", "tone", "solution_accuracy")
        },
    },
    "genesys_cloud": {
        **NO_CLOCK_OUT_REASON,
        "fct_qa_evaluation": {
            *("method", "sampling", "is_random", "script_adherence", "tone", "solution_accuracy")
        },
        **{
            mart: {"escalated_contacts", "escalation_rate", *FCR}
            for mart in KEYS
            if mart.startswith(("fct_agent", "fct_team"))
        },
        "fct_interaction": {"topic", "case_id", "outcome", "is_fcr_eligible", "is_fcr"},
    },
    "zendesk": {**NO_CLOCK_OUT_REASON, "fct_csat_response": {"interaction_id"}},
}
# Why a cell may have another value. Asterisk: talk has hold in it, and without a topic issues are others.
# Amazon Connect: a contact wins over the status that the agent set; of a failed evaluation no other score is known.
# Zendesk: a rating is good or bad, and a reason without a status of its own is "away" or "transfers_only".
STATES = {
    *(
        "active_seconds",
        "unavailable_seconds",
        "break_seconds",
        "meeting_seconds",
        "training_seconds",
    ),
    *(
        "back_office_seconds",
        "other_unavailable_seconds",
        "occupancy",
        "utilization",
        "adherent_seconds",
    ),
    *("adherence", "occupancy_band"),
}
# Genesys Cloud exports ids of presences of the organisation's own: unnamed, back-office work is the presence BUSY.
OWN_PRESENCES = {
    *("back_office_seconds", "other_unavailable_seconds", "adherent_seconds", "adherence"),
}
OTHERWISE: dict[str, dict[str, set[str]]] = {
    "asterisk": {
        **{
            mart: {"talk_seconds", *FCR}
            for mart in KEYS
            if mart.startswith(("fct_agent", "fct_team"))
        },
        "fct_interaction": {"talk_seconds", "is_first_contact", "is_fcr_eligible", "is_fcr"},
    },
    "amazon_connect": {
        "fct_agent_day": STATES,
        "fct_agent_month": STATES,
        "fct_team_month": STATES,
        "fct_status_interval": {"ended_at", "seconds"},
        "fct_attendance": {*STATES, "productive_seconds", "shrinkage"},
        "fct_qa_evaluation": {"score"},
    },
    "genesys_cloud": {
        **{
            mart: {*OWN_PRESENCES, *FCR}
            for mart in KEYS
            if mart.startswith(("fct_agent", "fct_team"))
        },
        "fct_interaction": {"is_first_contact", "is_fcr_eligible", "is_fcr"},
        "fct_status_interval": {"reason", "reason_group"},
        "fct_attendance": OWN_PRESENCES,
        "fct_qa_evaluation": {"score"},
    },
    "zendesk": {
        "fct_agent_day": {"csat_points", "csat_mean"},
        "fct_agent_month": {"csat_points", "csat_mean"},
        "fct_team_month": {
            *("csat_points", "csat_mean"),
            # Of who forgot to clock out: see below.
            *("active_seconds", "adherent_seconds", "adherence", "late_seconds"),
            "off_clock_handling_seconds",
        },
        "fct_csat_response": {"score"},
        "fct_status_interval": {"reason"},
    },
}
# Whoever forgets to clock out is logged in for twelve hours after the last status: through a vendor's export that is
# the end of the last contact, through the contract what the agent set last. Of these agents time is compared apart.
FORGETFUL = "select agent_id from canonical.marts.fct_status_interval where missing_clock_out"
TEAM_TIME = {"available_seconds", "logged_in_seconds", "occupancy", "utilization"}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The published database of the month by path: canonical, and each vendor."""
    folder = tmp_path_factory.mktemp("paths")
    databases = {}
    for path in ("canonical", *NOT_RECORDED):
        landing, home = folder / path / "landing", folder / path / "home"
        vendor = () if path == "canonical" else ("--vendor", path)
        simulated = scorehouse("simulate", *CENTRE, *vendor, "--out", landing)
        assert simulated.returncode == 0, simulated.stderr
        finished = scorehouse(
            "close", MONTH, "--home", home, "--landing", landing, "--as-of", AS_OF
        )
        assert finished.returncode == 0, finished.stderr
        databases[path] = home / "published" / "scorehouse.duckdb"
    return databases


@pytest.mark.parametrize("vendor", NOT_RECORDED)
@pytest.mark.parametrize("mart", KEYS)
def test_a_vendors_path_makes_the_same_marts(
    published: Mapping[str, Path], vendor: str, mart: str
) -> None:
    with duckdb.connect() as connection:
        for name, path in (("canonical", published["canonical"]), ("vendor", published[vendor])):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        key = ", ".join(KEYS[mart])
        columns = [
            str(row[0]) for row in connection.execute(f"describe canonical.marts.{mart}").fetchall()
        ]
        # A contact of Connect hides what the agent set during it: such an interval begins with its end.
        is_hidden = (vendor, mart) == ("amazon_connect", "fct_status_interval")
        rows = "select * from {}.marts." + mart
        if "agent_id" in columns:
            rows += f" where agent_id is null or agent_id not in ({FORGETFUL})"
        joined = (
            f"({rows.format('canonical')}) as a {'inner' if is_hidden else 'full'} join"
            f" ({rows.format('vendor')}) as b using ({key})"
        )
        exact = {
            column
            for column in columns
            if column not in KEYS[mart]
            and column not in OTHERWISE[vendor].get(mart, set())
            and column not in NOT_RECORDED[vendor].get(mart, set())
            and not (mart == "fct_team_month" and column in TEAM_TIME)
        }
        assert len(exact) >= 3
        differing = {
            column: found
            for column in sorted(exact)
            if (
                found := connection.execute(
                    f"select {key}, a.{column}, b.{column} from {joined}"
                    f" where a.{column} is distinct from b.{column} limit 3"
                ).fetchall()
            )
        }
        only_null = {
            column: found
            for column in sorted(
                NOT_RECORDED[vendor].get(mart, set()) - OTHERWISE[vendor].get(mart, set())
            )
            if (
                found := connection.execute(
                    f"select {key}, a.{column}, b.{column} from {joined}"
                    f" where a.{column} is distinct from b.{column} and b.{column} is not null limit 3"
                ).fetchall()
            )
        }
        counts = connection.execute(
            f"select (select count(*) from canonical.marts.{mart}),"
            f" (select count(*) from vendor.marts.{mart})"
        ).fetchone()
    assert not differing
    assert not only_null
    if mart != "fct_status_interval":
        assert counts is not None
        assert counts[0] == counts[1] > 0


@pytest.mark.parametrize("vendor", NOT_RECORDED)
def test_who_forgot_to_clock_out_is_logged_in_until_twelve_hours_after_the_last_contact(
    published: Mapping[str, Path], vendor: str
) -> None:
    with duckdb.connect() as connection:
        for name, path in (("canonical", published["canonical"]), ("vendor", published[vendor])):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        forgotten = connection.execute(
            "select a.agents, b.agents from"
            " (select list_sort(list(distinct agent_id)) as agents"
            " from canonical.marts.fct_status_interval where missing_clock_out) as a,"
            " (select list_sort(list(distinct agent_id)) as agents"
            " from vendor.marts.fct_status_interval where missing_clock_out) as b"
        ).fetchone()
        assert forgotten is not None
        assert forgotten[0] == forgotten[1] != []
        # Nothing but the time after the last contact differs, and there it is never less. Zendesk says nothing of
        # contacts, so there the last status is what the agent set last, and the contract's goes on for longer.
        longer, shorter = ("a", "b") if vendor == "zendesk" else ("b", "a")
        less = connection.execute(
            "select agent_id, business_date from canonical.marts.fct_agent_day as a"
            " full join vendor.marts.fct_agent_day as b using (agent_id, business_date)"
            f" where agent_id in ({FORGETFUL})"
            f" and ({longer}.logged_in_seconds < {shorter}.logged_in_seconds"
            f" or {longer}.available_seconds - {shorter}.available_seconds"
            f" > {longer}.logged_in_seconds - {shorter}.logged_in_seconds + {shorter}.unavailable_seconds"
            " or a.handling_seconds is distinct from b.handling_seconds)"
        ).fetchall()
    assert less == []


def test_asterisks_talk_is_talk_and_hold(published: Mapping[str, Path]) -> None:
    with duckdb.connect() as connection:
        for name, path in (
            ("canonical", published["canonical"]),
            ("vendor", published["asterisk"]),
        ):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        found = connection.execute(
            "select count(*), count(*) filter (where b.talk_seconds <> a.talk_seconds + a.hold_seconds),"
            " count(*) filter (where a.handle_seconds is distinct from b.handle_seconds)"
            " from canonical.marts.fct_interaction as a join vendor.marts.fct_interaction as b"
            " using (interaction_id) where a.is_handled and b.hold_seconds is null"
        ).fetchone()
    assert found is not None
    assert found[0] > 1000
    assert found[1:] == (0, 0)


def test_a_contact_wins_over_a_status_of_connect_and_over_nothing_else(
    published: Mapping[str, Path],
) -> None:
    with duckdb.connect() as connection:
        for name, path in (
            ("canonical", published["canonical"]),
            ("vendor", published["amazon_connect"]),
        ):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        moved = connection.execute(
            "select sum(b.active_seconds - a.active_seconds) as moved,"
            " count(*) filter (where b.active_seconds - a.active_seconds"
            " <> a.unavailable_seconds - b.unavailable_seconds or b.active_seconds < a.active_seconds)"
            " from canonical.marts.fct_agent_day as a join vendor.marts.fct_agent_day as b"
            " using (agent_id, business_date)"
        ).fetchone()
    assert moved is not None
    assert moved[0] > 0
    assert moved[1] == 0


def test_an_unnamed_presence_of_genesys_cloud_is_other_unavailable_time(
    published: Mapping[str, Path],
) -> None:
    with duckdb.connect() as connection:
        for name, path in (
            ("canonical", published["canonical"]),
            ("vendor", published["genesys_cloud"]),
        ):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        moved = connection.execute(
            "select sum(a.back_office_seconds) as moved,"
            " count(*) filter (where b.back_office_seconds > 0 or b.other_unavailable_seconds"
            " <> a.other_unavailable_seconds + a.back_office_seconds"
            " or b.adherent_seconds > a.adherent_seconds)"
            " from canonical.marts.fct_agent_day as a join vendor.marts.fct_agent_day as b"
            " using (agent_id, business_date)"
            f" where agent_id not in ({FORGETFUL})"
        ).fetchone()
    assert moved is not None
    assert moved[0] > 0
    assert moved[1] == 0


def test_a_figure_made_of_a_vendors_records_is_explained_down_to_them(
    published: Mapping[str, Path],
) -> None:
    home = published["asterisk"].parent.parent
    with duckdb.connect(str(published["asterisk"]), read_only=True) as connection:
        found = connection.execute(
            "select agent_id from marts.monthly_performance_summary"
            " where handled_contacts > 100 and hold_seconds is null order by 1 limit 1"
        ).fetchone()
    assert found is not None
    explained = scorehouse("explain", found[0], MONTH, "talk_seconds", "--home", home)
    assert explained.returncode == 0, explained.stderr
    assert "the same" in explained.stdout
    assert "asterisk/queue_log/queue_log" in explained.stdout


def test_ratings_of_zendesk_are_the_ends_of_the_scale(published: Mapping[str, Path]) -> None:
    with duckdb.connect() as connection:
        for name, path in (
            ("canonical", published["canonical"]),
            ("vendor", published["zendesk"]),
        ):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        found = connection.execute(
            "select count(*), count(*) filter (where b.score is distinct from"
            " case when a.score >= 4 then 5 when a.score is not null then 1 end)"
            " from canonical.marts.fct_csat_response as a join vendor.marts.fct_csat_response as b"
            " using (survey_id)"
        ).fetchone()
    assert found is not None
    assert found[0] > 1000
    assert found[1] == 0


def test_a_figure_made_of_tickets_of_zendesk_is_explained_down_to_them(
    published: Mapping[str, Path], tmp_path: Path
) -> None:
    home = published["zendesk"].parent.parent
    with duckdb.connect(str(published["zendesk"]), read_only=True) as connection:
        found = connection.execute(
            "select agent_id from marts.monthly_performance_summary"
            " where total_resolved_tickets > 10 order by 1 limit 1"
        ).fetchone()
    assert found is not None
    rows = tmp_path / "rows.csv"
    explained = scorehouse(
        "explain", found[0], MONTH, "total_resolved_tickets", "--home", home, "--rows", rows
    )
    assert explained.returncode == 0, explained.stderr
    assert "the same" in explained.stdout
    assert "zendesk/tickets/tickets_0001.json" in rows.read_text()


def test_zendesk_alone_knows_what_was_resolved_and_not_who_was_working(
    published: Mapping[str, Path], tmp_path: Path
) -> None:
    both = published["zendesk"].parents[2]
    landing, home = tmp_path / "landing", tmp_path / "home"
    for name in ("agents", "teams", "kpi_targets", "zendesk"):
        shutil.copytree(both / "landing" / name, landing / name)
    finished = scorehouse("close", MONTH, "--home", home, "--landing", landing, "--as-of", AS_OF)
    assert finished.returncode == 0, finished.stderr
    with duckdb.connect(
        str(home / "published" / "scorehouse.duckdb"), read_only=True
    ) as connection:
        found = connection.execute(
            "select count(csat) > 5, count(resolved_tickets) > 5, sum(resolved_tickets) > 100,"
            " sum(logged_in_seconds) > 100000, sum(available_seconds) > 100000, count(active_seconds),"
            " count(occupancy), count(utilization), count(handled_contacts), count(aht_seconds)"
            " from marts.fct_agent_month"
        ).fetchone()
    assert found == (True, True, True, True, True, 0, 0, 0, 0, 0)
