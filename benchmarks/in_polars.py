"""The figures of fct_agent_day in Polars, as somebody would write them who knows Polars well.

    python -m benchmarks.in_polars HOME AS_OF OUT.parquet

It knows of the simulated centre what benchmarks/limit.py knows.
"""

import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from polars import col

STATE, DAY = 2**40, 2**20
GROUPS = {"break": 4, "meal": 4, "meeting": 5, "training": 6, "back_office": 7}
STATES = {"away": 1, "available": 2, "active": 3, "unavailable": 8}
BY = ["agent_id", "day"]
LONG_AGO = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)


class Centre:
    """The raw files of a home, as known at an instant."""

    def __init__(self, home: Path, as_of: str) -> None:
        """Read who the agents are."""
        self.home, self.as_of = home, dt.datetime.fromisoformat(as_of)
        self.now = int(self.as_of.timestamp())
        ledger = pl.read_ndjson(home / "records" / "ledger.ndjson", infer_schema_length=None)
        loads = ledger.filter(col("kind") == "load").select(col("content").struct.unnest())
        self.loads = loads.select("load_id", "load_sequence").lazy()
        first = col("effective_from").cum_count().over("agent_id") == 1
        profiles = self.newest("agents", ["agent_id", "effective_from"]).collect()
        profiles = profiles.sort("agent_id", "effective_from")
        starts = [
            rows.with_columns(
                begins=col("effective_from")
                .cast(pl.Datetime("us"))
                .dt.replace_time_zone(zone)
                .dt.convert_time_zone("UTC")
            )
            for (zone,), rows in profiles.group_by("time_zone")
        ]
        self.profiles = (
            pl.concat(starts)
            .sort("agent_id", "effective_from")
            .with_columns(begins=pl.when(first).then(pl.lit(LONG_AGO)).otherwise(col("begins")))
        )

    def newest(self, dataset: str, key: Sequence[str], *columns: str) -> pl.LazyFrame:
        """The newest version of each row."""
        files = sorted((self.home / "raw" / dataset).glob("[!_s]*.parquet"))
        rows = pl.concat([pl.scan_parquet(file) for file in files], how="diagonal_relaxed")
        if columns:
            rows = rows.select(*key, *columns, "updated_at", "load_id", "row_number")
        return (
            rows.filter(col("updated_at").is_null() | (col("updated_at") <= self.as_of))
            .join(self.loads, on="load_id")
            .sort("updated_at", "load_sequence", "row_number", nulls_last=False)
            .unique(key, keep="last")
        )

    def dated(self, rows: pl.LazyFrame, instant: str) -> pl.DataFrame:
        """Rows up to `as_of` with the local date of an instant, as days since 1970."""
        found = (
            rows.filter(col("agent_id").is_not_null() & (col(instant) <= self.as_of))
            .sort(instant)
            .join_asof(
                self.profiles.lazy().select("agent_id", "begins", "time_zone").sort("begins"),
                left_on=instant, right_on="begins", by="agent_id",
            )
            .with_columns(col("time_zone").fill_null("UTC"))
            .collect()
        )  # fmt: skip
        zones = found["time_zone"].unique().to_list()
        day = pl.lit(None, pl.Int64)
        for zone in zones:
            local = col(instant).dt.convert_time_zone(zone).dt.date().cast(pl.Int32).cast(pl.Int64)
            day = pl.when(col("time_zone") == zone).then(local).otherwise(day)
        return found.with_columns(day=day)


def seconds(instant: str) -> pl.Expr:
    """Whole seconds since 1970."""
    return col(instant).dt.epoch("s")


def swept(points: pl.DataFrame, now: int) -> pl.DataFrame:
    """Pieces between points: what the counters are from each one on."""
    return (
        points.lazy()
        .group_by("agent_id", "at")
        .agg(col("change").sum())
        .sort("agent_id", "at")
        .with_columns(
            packed=col("change").cum_sum().over("agent_id"),
            ends=col("at").shift(-1).over("agent_id").fill_null(now),
        )
        .with_columns(seconds=col("ends") - col("at"))
        .filter(col("seconds") > 0)
        .collect()
    )


def agent_days(home: Path, as_of: str) -> pl.DataFrame:
    """One row per agent and day, with the additive figures of fct_agent_day."""
    centre = Centre(home, as_of)
    now = centre.now

    state = (
        pl.when(col("status") == "unavailable")
        .then(col("reason").replace_strict(GROUPS, default=8, return_dtype=pl.Int64))
        .otherwise(col("status").replace_strict(STATES, default=9, return_dtype=pl.Int64))
    )
    events = (
        centre.newest("status_events", ["event_id"], "agent_id", "occurred_at", "status", "reason")
        .filter(col("occurred_at") <= centre.as_of)
        .select("agent_id", "event_id", at=seconds("occurred_at"), state=state)
        .sort("agent_id", "at", "event_id")
        .with_columns(ends=col("at").shift(-1).over("agent_id").fill_null(now))
        .filter(col("ends") > col("at"))
        .select("agent_id", "at", "state", "ends")
    )
    long = events.filter((col("state") > 1) & (col("ends") - col("at") > 43200))
    states = (
        pl.concat([events, long.with_columns(at=col("at") + 43200, state=pl.lit(1, pl.Int64))])
        .sort("agent_id", "at")
        .with_columns(change=col("state") - col("state").shift(1).over("agent_id").fill_null(0))
        .collect()
    )

    times = ["talk_seconds", "hold_seconds", "acw_seconds"]
    contacts = (
        centre.newest(
            "interactions", ["interaction_id"], "agent_id", "customer_id", "topic", "answered_at", "ended_at",
            *times, "outcome",
        )
        .filter(col("agent_id").is_not_null() & (col("answered_at") <= centre.as_of))
        .with_columns(col(times).fill_null(0))
        .collect()
    )  # fmt: skip
    over = col("ended_at") <= centre.as_of
    ends = pl.when(over).then(
        pl.min_horizontal(seconds("ended_at") + col("acw_seconds"), pl.lit(now))
    )
    spans = contacts.select("agent_id", begins=seconds("answered_at"), ends=ends.otherwise(now))
    spans = spans.filter(col("ends") > col("begins"))

    first_at = (
        pl.concat([states.select("agent_id", "at"), spans.select("agent_id", at="begins")])
        .group_by("agent_id")
        .agg(first=col("at").min())
    )
    profiles = (
        first_at.join(
            centre.profiles.select("agent_id", "begins", "time_zone"), on="agent_id", how="left"
        )
        .with_columns(col("time_zone").fill_null("UTC"), col("begins").fill_null(LONG_AGO))
        .sort("agent_id", "begins")
        .with_columns(begins=seconds("begins"))
        .with_columns(until=col("begins").shift(-1).over("agent_id").fill_null(2**40))
    )
    earliest = first_at["first"].min()
    assert isinstance(earliest, int)
    dates = pl.date_range(
        dt.datetime.fromtimestamp(earliest, dt.UTC).date() - dt.timedelta(days=2),
        centre.as_of.date() + dt.timedelta(days=2),
        eager=True,
    )
    calendar = pl.concat(
        pl.DataFrame({"date": dates}).select(
            time_zone=pl.lit(zone),
            day=col("date").cast(pl.Int32).cast(pl.Int64),
            starts=col("date").cast(pl.Datetime("us")).dt.replace_time_zone(zone).dt.epoch("s"),
        )
        for zone in profiles["time_zone"].unique()
    ).with_columns(next=col("starts").shift(-1).over("time_zone"))
    starts = (
        profiles.join(calendar.drop_nulls(), on="time_zone")
        .filter(
            (col("next") > col("begins")) & (col("starts") < col("until"))
            & (col("next") > col("first")) & (col("starts") < now)
        )
        .group_by(BY)
        .agg(at=pl.max_horizontal("starts", "begins").min())
        .sort(BY)
        .with_columns(change=(col("day") - col("day").shift(1).over("agent_id").fill_null(0)) * DAY)
    )  # fmt: skip

    pieces = swept(
        pl.concat(
            [
                states.select("agent_id", "at", change=col("change") * STATE),
                starts.select("agent_id", "at", "change"),
                spans.select("agent_id", at="begins", change=pl.lit(1, pl.Int64)),
                spans.select("agent_id", at="ends", change=pl.lit(-1, pl.Int64)),
            ]
        ),
        now,
    )
    logged_in = col("state") > 1
    working = (col("state") == 3) | ((col("state") == 2) & (col("depth") > 0))

    def sum_of(which: pl.Expr) -> pl.Expr:
        return col("seconds").filter(which).sum()

    status = (
        pieces.lazy()
        .with_columns(
            state=col("packed") // STATE, day=col("packed") // DAY % DAY, depth=col("packed") % DAY
        )
        .filter((col("state") > 0) | (col("depth") > 0))
        .with_columns(
            starts_session=logged_in
            & ~(logged_in.shift(1) & (col("ends").shift(1) == col("at"))).over(BY).fill_null(False)
        )
        .group_by(BY)
        .agg(
            available_seconds=sum_of((col("state") == 2) & (col("depth") == 0)),
            active_seconds=sum_of(working),
            unavailable_seconds=sum_of(col("state").is_between(4, 8)),
            break_seconds=sum_of(col("state") == 4),
            meeting_seconds=sum_of(col("state") == 5),
            training_seconds=sum_of(col("state") == 6),
            back_office_seconds=sum_of(col("state") == 7),
            other_unavailable_seconds=sum_of(col("state") == 8),
            unclassified_seconds=sum_of(col("state") == 9),
            logged_in_seconds=sum_of(logged_in),
            sessions=col("starts_session").sum(),
            handling_seconds=sum_of(col("depth") > 0),
            off_clock_handling_seconds=sum_of((col("depth") > 0) & (col("state") < 2)),
            handling_interval_seconds=(col("seconds") * col("depth")).sum(),
        )
        .filter((col("logged_in_seconds") > 0) | (col("handling_seconds") > 0))
        .collect()
    )

    week = pl.duration(hours=168)
    chain = ["customer_id", "topic"]
    first = col("before").is_null() | (col("answered_at") > col("before") + week)
    mature = col("ended_at") + week <= centre.as_of
    alone = col("following").is_null() | (col("following") > col("latest") + week)
    contact_days = (
        centre.dated(contacts.lazy().filter(col("ended_at") <= centre.as_of), "answered_at")
        .lazy()
        .sort(*chain, "answered_at", "interaction_id")
        .with_columns(
            latest=col("ended_at").cum_max().over(chain),
            following=col("answered_at").shift(-1).over(chain),
        )
        .with_columns(before=col("latest").shift(1).over(chain))
        .group_by(BY)
        .agg(
            col(times).sum(),
            handled_contacts=pl.len(),
            handle_seconds=(col("talk_seconds") + col("hold_seconds") + col("acw_seconds")).sum(),
            transferred_contacts=(col("outcome") == "transferred").sum(),
            escalated_contacts=(col("outcome") == "escalated").sum(),
            fcr_contacts=(first & mature & alone & (col("outcome") == "resolved")).sum(),
            fcr_eligible_contacts=(first & mature).sum(),
            fcr_pending_contacts=(first & ~mature).sum(),
        )
        .collect()
    )

    segments = (
        centre.newest(
            "shifts", ["segment_id"], "agent_id", "shift_id", "starts_at", "ends_at", "activity"
        )
        .with_columns(starts=seconds("starts_at"), ends=seconds("ends_at"))
        .collect()
        .with_row_index("segment", 1)
        .with_columns(col("segment").cast(pl.Int64))
    )
    counted = segments.filter(col("activity") != "time_off")
    shared = swept(
        pl.concat(
            [
                states.select("agent_id", "at", "change"),
                counted.select("agent_id", at="starts", change=col("segment") * 16),
                counted.select("agent_id", at="ends", change=col("segment") * -16),
            ]
        ),
        now,
    )
    worked = (
        shared.lazy()
        .with_columns(segment=col("packed") // 16, state=col("packed") % 16)
        .filter((col("segment") > 0) & logged_in)
        .group_by("segment")
        .agg(
            work=sum_of(col("state").is_in([2, 3, 7])), pause=sum_of(col("state") == 4),
            meeting=sum_of(col("state") == 5), training=sum_of(col("state") == 6),
            all=col("seconds").sum(), present=col("at").min(),
        )
    )  # fmt: skip
    length = col("ends") - col("starts")
    adherent = (
        pl.when(col("activity") == "work").then("work")
        .when(col("activity") == "meeting").then("meeting")
        .when(col("activity") == "training").then("training")
        .when(col("activity") == "break").then(length - (col("all") - col("pause")))
        .otherwise(0)
    )  # fmt: skip
    on_duty = col("activity") != "time_off"
    shifts = (
        segments.lazy()
        .join(worked, on="segment", how="left")
        .with_columns(col("work", "pause", "meeting", "training", "all").fill_null(0))
        .group_by("agent_id", "shift_id")
        .agg(
            first_at=col("starts_at").min(), last=col("ends").max(), begins=col("starts").filter(on_duty).min(),
            present=col("present").min(), scheduled_seconds=length.filter(on_duty).sum(),
            adherent_seconds=adherent.sum(),
        )
        .filter(col("last") <= now)
        .rename({"begins": "on_duty"})
    )  # fmt: skip
    absent = (col("scheduled_seconds") > 0) & col("present").is_null()
    shift_days = (
        centre.dated(shifts, "first_at")
        .group_by(BY)
        .agg(
            late_seconds=pl.when(~absent.all()).then((col("present") - col("on_duty")).sum()),
            scheduled_seconds=col("scheduled_seconds").sum(),
            adherent_seconds=col("adherent_seconds").sum(),
            shift_count=pl.len(),
        )
    )

    surveys = centre.newest(
        "csat_surveys", ["survey_id"], "agent_id", "sent_at", "responded_at", "score"
    )
    tickets = centre.newest("tickets", ["ticket_id"], "agent_id", "resolved_at", "status")
    evaluations = centre.newest(
        "qa_evaluations", ["evaluation_id"], "agent_id", "evaluated_at", "score", "critical_fail"
    )
    leads = centre.newest(
        "sales", ["lead_id"], "agent_id", "created_at", "engaged_at", "converted_at"
    )
    found = centre.newest("compliance_events", ["event_id"], "agent_id", "occurred_at")
    points = (
        pl.when(col("critical_fail").fill_null(False))
        .then(0)
        .otherwise(col("score").cast(pl.Float64))
    )
    outcomes = [
        centre.dated(tickets.filter(col("status").is_in(["resolved", "closed"])), "resolved_at")
        .group_by(BY).agg(resolved_tickets=pl.len()),
        centre.dated(evaluations, "evaluated_at").group_by(BY).agg(evaluations=pl.len(), quality_points=points.sum()),
        centre.dated(surveys, "sent_at").group_by(BY).agg(csat_sent=pl.len()),
        centre.dated(surveys.filter(col("score").is_not_null()), "responded_at").group_by(BY).agg(
            csat_responses=pl.len(), csat_satisfied=(col("score") >= 4).sum(), csat_points=col("score").sum()
        ),
        centre.dated(leads, "created_at").group_by(BY).agg(
            leads=pl.len(), engaged_leads=(col("engaged_at") <= centre.as_of).sum(),
            converted_leads=(col("converted_at") <= centre.as_of).sum(),
        ),
        centre.dated(found, "occurred_at").group_by(BY).agg(compliance_events=pl.len()),
    ]  # fmt: skip
    days = status
    for part in (contact_days, shift_days, *outcomes):
        days = days.join(part, on=BY, how="full", coalesce=True)
    late = pl.when(col("shift_count") > 0).then("late_seconds").otherwise(0)
    return (
        days.with_columns(late_seconds=late)
        .with_columns(pl.exclude(*BY, "late_seconds").fill_null(0))
        .drop("shift_count")
    )


if __name__ == "__main__":
    agent_days(Path(sys.argv[1]), sys.argv[2]).write_parquet(sys.argv[3])
