"""The figures of fct_agent_day in pandas, as somebody would write them who knows pandas well.

    python -m benchmarks.in_pandas HOME AS_OF OUT.parquet

It knows of the simulated centre what benchmarks/limit.py knows. Whole columns at a time, never a row.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

STATE, DAY = 2**40, 2**20
GROUPS = {"break": 4, "meal": 4, "meeting": 5, "training": 6, "back_office": 7}
STATES = {"away": 1, "available": 2, "active": 3, "unavailable": 8}


class Centre:
    """The raw files of a home, as known at an instant."""

    def __init__(self, home: Path, as_of: str) -> None:
        """Read who the agents are."""
        self.home, self.as_of = home, pd.Timestamp(as_of)
        self.now = int(self.as_of.timestamp())
        ledger = pd.read_json(home / "records" / "ledger.ndjson", lines=True)
        loads = pd.DataFrame(list(ledger.loc[ledger["kind"] == "load", "content"]))
        self.sequences = loads.set_index("load_id")["load_sequence"]
        profiles = self.newest("agents", ["agent_id", "effective_from"])
        profiles = profiles.sort_values(["agent_id", "effective_from"]).reset_index(drop=True)
        self.first = ~profiles["agent_id"].duplicated()
        starts = pd.to_datetime(profiles["effective_from"])
        profiles["begins"] = pd.Timestamp("1900-01-01", tz="UTC").as_unit("us")
        for zone, rows in profiles.groupby("time_zone").groups.items():
            local = starts.loc[rows].dt.tz_localize(zone).dt.tz_convert("UTC")
            profiles.loc[rows, "begins"] = local.astype("datetime64[us, UTC]")
        profiles.loc[self.first, "begins"] = pd.Timestamp("1900-01-01", tz="UTC")
        profiles["valid_from"] = starts.where(~self.first, pd.Timestamp("1900-01-01"))
        self.profiles = profiles

    def newest(self, dataset: str, key: list[str], *columns: str) -> pd.DataFrame:
        """The newest version of each row."""
        files = sorted((self.home / "raw" / dataset).glob("[!_s]*.parquet"))
        wanted = [*key, *columns, "updated_at", "load_id", "row_number"] if columns else None
        rows = pd.concat([pd.read_parquet(file, columns=wanted) for file in files])
        rows = rows[rows["updated_at"].isna() | (rows["updated_at"] <= self.as_of)]
        rows["sequence"] = rows["load_id"].map(self.sequences)
        rows = rows.sort_values(["updated_at", "sequence", "row_number"], na_position="first")
        return rows.drop_duplicates(key, keep="last")

    def dated(self, rows: pd.DataFrame, instant: str) -> pd.DataFrame:
        """Rows up to `as_of` with the local date of an instant, as days since 1970."""
        rows = rows[rows["agent_id"].notna() & (rows[instant] <= self.as_of)]
        rows = rows.sort_values(instant)
        profiles = self.profiles[["agent_id", "begins", "time_zone"]].sort_values("begins")
        rows = pd.merge_asof(rows, profiles, left_on=instant, right_on="begins", by="agent_id")
        rows["time_zone"] = rows["time_zone"].fillna("UTC")
        days = np.empty(len(rows), dtype="int64")
        for zone, places in rows.groupby("time_zone").indices.items():
            local = rows[instant].iloc[places].dt.tz_convert(zone).dt.tz_localize(None)
            days[places] = local.astype("datetime64[s]").astype("int64") // 86400
        return rows.assign(day=days)


def seconds(instants: pd.Series) -> pd.Series:
    """Whole seconds since 1970."""
    return instants.astype("datetime64[s, UTC]").astype("int64")


def swept(points: pd.DataFrame, now: int) -> pd.DataFrame:
    """Pieces between points: what the counters are from each one on."""
    points = points.groupby(["agent_id", "at"], as_index=False)["change"].sum()
    points["packed"] = points.groupby("agent_id")["change"].cumsum()
    points["ends"] = points.groupby("agent_id")["at"].shift(-1).fillna(now).astype("int64")
    points["seconds"] = points["ends"] - points["at"]
    return points[points["seconds"] > 0]


def agent_days(home: Path, as_of: str) -> pd.DataFrame:
    """One row per agent and day, with the additive figures of fct_agent_day."""
    centre = Centre(home, as_of)
    now = centre.now
    by = ["agent_id", "day"]

    events = centre.newest(
        "status_events", ["event_id"], "agent_id", "occurred_at", "status", "reason"
    )
    events = events[events["occurred_at"] <= centre.as_of]
    events["at"] = seconds(events["occurred_at"])
    events["state"] = events["status"].map(STATES).fillna(9).astype("int64")
    unavailable = events["state"] == 8
    groups = events.loc[unavailable, "reason"].map(GROUPS).fillna(8).astype("int64")
    events.loc[unavailable, "state"] = groups
    events = events.sort_values(["agent_id", "at", "event_id"])[["agent_id", "at", "state"]]
    events["ends"] = events.groupby("agent_id")["at"].shift(-1).fillna(now).astype("int64")
    events = events[events["ends"] > events["at"]]
    long = events[(events["state"] > 1) & (events["ends"] - events["at"] > 43200)]
    states = pd.concat([events, long.assign(at=long["at"] + 43200, state=1)])
    states = states.sort_values(["agent_id", "at"])
    before = states.groupby("agent_id")["state"].shift(1).fillna(0).astype("int64")
    states["change"] = states["state"] - before

    contacts = centre.newest(
        "interactions", ["interaction_id"], "agent_id", "customer_id", "topic", "answered_at", "ended_at",
        "talk_seconds", "hold_seconds", "acw_seconds", "outcome",
    )  # fmt: skip
    contacts = contacts[contacts["agent_id"].notna() & (contacts["answered_at"] <= centre.as_of)]
    times = ["talk_seconds", "hold_seconds", "acw_seconds"]
    contacts[times] = contacts[times].fillna(0).astype("int64")
    over = contacts["ended_at"] <= centre.as_of
    begins = seconds(contacts["answered_at"])
    ended = seconds(contacts["ended_at"].where(over, centre.as_of))
    ends = (ended + contacts["acw_seconds"].where(over, 0)).clip(upper=now)
    spans = pd.DataFrame({"agent_id": contacts["agent_id"], "begins": begins, "ends": ends})
    spans = spans[spans["ends"] > spans["begins"]]

    first_at = pd.concat(
        [states[["agent_id", "at"]], spans.rename(columns={"begins": "at"})[["agent_id", "at"]]]
    )
    first_at = first_at.groupby("agent_id")["at"].min()
    profiles = pd.concat(
        [
            centre.profiles[["agent_id", "begins", "time_zone"]],
            pd.DataFrame({"agent_id": first_at.index.difference(centre.profiles["agent_id"])}),
        ]
    )
    profiles["time_zone"] = profiles["time_zone"].fillna("UTC")
    profiles["begins"] = profiles["begins"].fillna(pd.Timestamp("1900-01-01", tz="UTC"))
    profiles = profiles.sort_values(["agent_id", "begins"])
    profiles["until"] = profiles.groupby("agent_id")["begins"].shift(-1)
    dates = pd.date_range(
        pd.Timestamp(first_at.min(), unit="s").normalize() - pd.Timedelta(days=2),
        centre.as_of.tz_localize(None).normalize() + pd.Timedelta(days=2),
    )
    calendar = pd.concat(
        pd.DataFrame(
            {
                "time_zone": zone,
                "day": dates.astype("datetime64[s]").astype("int64") // 86400,
                "starts": seconds(pd.Series(dates.tz_localize(zone))),
            }
        )
        for zone in profiles["time_zone"].unique()
    )
    calendar["next"] = calendar.groupby("time_zone")["starts"].shift(-1)
    calendar = calendar.dropna()
    starts = profiles.merge(calendar, on="time_zone")
    starts["first"] = starts["agent_id"].map(first_at)
    begins_s, until_s = (
        seconds(starts["begins"]),
        seconds(starts["until"].fillna(pd.Timestamp("2200-01-01", tz="UTC"))),
    )
    starts["at"] = starts["starts"].clip(lower=begins_s)
    starts = starts[
        (starts["next"] > begins_s) & (starts["starts"] < until_s)
        & (starts["next"] > starts["first"]) & (starts["starts"] < now)
    ]  # fmt: skip
    starts = starts.groupby(by, as_index=False)["at"].min().sort_values(by)
    starts["change"] = (
        starts["day"] - starts.groupby("agent_id")["day"].shift(1).fillna(0)
    ).astype("int64") * DAY

    pieces = swept(
        pd.concat(
            [
                states[["agent_id", "at"]].assign(change=states["change"] * STATE),
                starts[["agent_id", "at", "change"]],
                spans[["agent_id"]].assign(at=spans["begins"], change=1),
                spans[["agent_id"]].assign(at=spans["ends"], change=-1),
            ]
        ),
        now,
    )
    pieces["state"], pieces["day"] = pieces["packed"] // STATE, pieces["packed"] // DAY % DAY
    pieces["depth"] = pieces["packed"] % DAY
    pieces = pieces[(pieces["state"] > 0) | (pieces["depth"] > 0)]
    logged_in = pieces["state"] > 1
    same_day = (pieces["agent_id"] == pieces["agent_id"].shift(1)) & (
        pieces["day"] == pieces["day"].shift(1)
    )
    goes_on = (
        same_day & logged_in.shift(1, fill_value=False) & (pieces["ends"].shift(1) == pieces["at"])
    )
    working = pieces["state"].eq(3) | (pieces["state"].eq(2) & (pieces["depth"] > 0))
    kinds = {
        "available_seconds": pieces["state"].eq(2) & ~working, "active_seconds": working,
        "unavailable_seconds": pieces["state"].between(4, 8), "break_seconds": pieces["state"].eq(4),
        "meeting_seconds": pieces["state"].eq(5), "training_seconds": pieces["state"].eq(6),
        "back_office_seconds": pieces["state"].eq(7), "other_unavailable_seconds": pieces["state"].eq(8),
        "unclassified_seconds": pieces["state"].eq(9), "logged_in_seconds": logged_in,
        "handling_seconds": pieces["depth"] > 0,
        "off_clock_handling_seconds": (pieces["depth"] > 0) & (pieces["state"] < 2),
    }  # fmt: skip
    for name, which in kinds.items():
        pieces[name] = pieces["seconds"].where(which, 0)
    pieces["sessions"] = (logged_in & ~goes_on).astype("int64")
    pieces["handling_interval_seconds"] = pieces["seconds"] * pieces["depth"]
    status = pieces.groupby(by)[[*kinds, "sessions", "handling_interval_seconds"]].sum()
    status = status[(status["logged_in_seconds"] > 0) | (status["handling_seconds"] > 0)]

    handled = centre.dated(contacts[contacts["ended_at"] <= centre.as_of], "answered_at")
    handled["handle_seconds"] = handled[times].sum(axis=1)
    handled["handled_contacts"] = 1
    handled["transferred_contacts"] = (handled["outcome"] == "transferred").astype("int64")
    handled["escalated_contacts"] = (handled["outcome"] == "escalated").astype("int64")
    week = pd.Timedelta(hours=168)
    issue = ["customer_id", "topic"]
    handled = handled.sort_values([*issue, "answered_at", "interaction_id"])
    chain = handled.groupby(issue, dropna=False, sort=False)
    latest = chain["ended_at"].cummax()
    latest_before = latest.groupby(
        [handled[name] for name in issue], dropna=False, sort=False
    ).shift(1)
    following = chain["answered_at"].shift(-1)
    first = latest_before.isna() | (handled["answered_at"] > latest_before + week)
    mature = handled["ended_at"] + week <= centre.as_of
    alone = following.isna() | (following > latest + week)
    handled["fcr_contacts"] = (first & mature & alone & (handled["outcome"] == "resolved")).astype(
        "int64"
    )
    handled["fcr_eligible_contacts"] = (first & mature).astype("int64")
    handled["fcr_pending_contacts"] = (first & ~mature).astype("int64")
    contact_figures = [
        "handled_contacts", *times, "handle_seconds", "transferred_contacts", "escalated_contacts",
        "fcr_contacts", "fcr_eligible_contacts", "fcr_pending_contacts",
    ]  # fmt: skip
    contact_days = handled.groupby(by)[contact_figures].sum()

    segments = centre.newest(
        "shifts", ["segment_id"], "agent_id", "shift_id", "starts_at", "ends_at", "activity"
    )
    segments["starts"], segments["ends"] = (
        seconds(segments["starts_at"]),
        seconds(segments["ends_at"]),
    )
    segments = segments.reset_index(drop=True)
    segments["segment"] = segments.index + 1
    counted = segments[segments["activity"] != "time_off"]
    shared = swept(
        pd.concat(
            [
                states[["agent_id", "at", "change"]],
                counted[["agent_id"]].assign(at=counted["starts"], change=counted["segment"] * 16),
                counted[["agent_id"]].assign(at=counted["ends"], change=counted["segment"] * -16),
            ]
        ),
        now,
    )
    shared = shared.assign(segment=shared["packed"] // 16, state=shared["packed"] % 16)
    shared = shared[(shared["segment"] > 0) & (shared["state"] > 1)]
    for name, which in (
        ("work", shared["state"].isin([2, 3, 7])), ("pause", shared["state"].eq(4)),
        ("meeting", shared["state"].eq(5)), ("training", shared["state"].eq(6)),
    ):  # fmt: skip
        shared[name] = shared["seconds"].where(which, 0)
    worked = shared.groupby("segment").agg(
        work=("work", "sum"), pause=("pause", "sum"), meeting=("meeting", "sum"), training=("training", "sum"),
        all=("seconds", "sum"), present=("at", "min"),
    )  # fmt: skip
    segments = segments.join(worked, on="segment")
    parts = ["work", "pause", "meeting", "training", "all"]
    segments[parts] = segments[parts].fillna(0).astype("int64")
    length = segments["ends"] - segments["starts"]
    activity = segments["activity"]
    segments["scheduled_seconds"] = length.where(activity != "time_off", 0)
    segments["adherent_seconds"] = np.select(
        [activity == "work", activity == "meeting", activity == "training", activity == "break"],
        [
            segments["work"],
            segments["meeting"],
            segments["training"],
            length - (segments["all"] - segments["pause"]),
        ],
        0,
    )
    segments["on_duty"] = segments["starts"].where(activity != "time_off")
    shifts = segments.groupby(["agent_id", "shift_id"], as_index=False).agg(
        first_at=("starts_at", "min"), last=("ends", "max"), on_duty=("on_duty", "min"), present=("present", "min"),
        scheduled_seconds=("scheduled_seconds", "sum"), adherent_seconds=("adherent_seconds", "sum"),
    )  # fmt: skip
    shifts = centre.dated(shifts[shifts["last"] <= now], "first_at")
    shifts["absent"] = (shifts["scheduled_seconds"] > 0) & shifts["present"].isna()
    shifts["late_seconds"] = shifts["present"] - shifts["on_duty"]
    shift_days = shifts.groupby(by).agg(
        scheduled_seconds=("scheduled_seconds", "sum"), adherent_seconds=("adherent_seconds", "sum"),
        late_seconds=("late_seconds", "sum"), absent=("absent", "all"),
    )  # fmt: skip
    shift_days["late_seconds"] = shift_days["late_seconds"].mask(shift_days.pop("absent"))

    tickets = centre.newest("tickets", ["ticket_id"], "agent_id", "resolved_at", "status")
    tickets = centre.dated(tickets[tickets["status"].isin(["resolved", "closed"])], "resolved_at")
    evaluations = centre.newest(
        "qa_evaluations", ["evaluation_id"], "agent_id", "evaluated_at", "score", "critical_fail"
    )
    evaluations = centre.dated(evaluations, "evaluated_at")
    points = evaluations["score"].mask(evaluations["critical_fail"].eq(True), 0).astype("float64")
    surveys = centre.newest(
        "csat_surveys", ["survey_id"], "agent_id", "sent_at", "responded_at", "score"
    )
    sent = centre.dated(surveys, "sent_at")
    answered = centre.dated(surveys[surveys["score"].notna()], "responded_at")
    leads = centre.dated(
        centre.newest("sales", ["lead_id"], "agent_id", "created_at", "engaged_at", "converted_at"),
        "created_at",
    )
    found = centre.dated(
        centre.newest("compliance_events", ["event_id"], "agent_id", "occurred_at"), "occurred_at"
    )
    outcomes = [
        tickets.groupby(by).size().rename("resolved_tickets"),
        evaluations.groupby(by).size().rename("evaluations"),
        evaluations.assign(quality_points=points).groupby(by)["quality_points"].sum(),
        sent.groupby(by).size().rename("csat_sent"),
        answered.groupby(by).size().rename("csat_responses"),
        answered.assign(csat_satisfied=(answered["score"] >= 4).astype("int64")).groupby(by)["csat_satisfied"].sum(),
        answered.groupby(by)["score"].sum().rename("csat_points"),
        leads.groupby(by).size().rename("leads"),
        leads.assign(engaged_leads=(leads["engaged_at"] <= centre.as_of).astype("int64"))
        .groupby(by)["engaged_leads"].sum(),
        leads.assign(converted_leads=(leads["converted_at"] <= centre.as_of).astype("int64"))
        .groupby(by)["converted_leads"].sum(),
        found.groupby(by).size().rename("compliance_events"),
    ]  # fmt: skip
    days = pd.concat([status, contact_days, shift_days, *outcomes], axis=1)
    has_shift = days["scheduled_seconds"].notna()
    late = days["late_seconds"]
    days = days.fillna(0)
    days["late_seconds"] = late.where(has_shift, 0)
    return days.reset_index()


if __name__ == "__main__":
    agent_days(Path(sys.argv[1]), sys.argv[2]).to_parquet(sys.argv[3])
