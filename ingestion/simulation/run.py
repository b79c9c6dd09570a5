"""The simulation from end to end: month by month, and site by site within a month."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from ingestion.simulation import contacts as contact_log
from ingestion.simulation import queues, quirks, rota, schema, surroundings, timeline, vendors
from ingestion.simulation.chance import stream
from ingestion.simulation.clocks import Clock
from ingestion.simulation.export import Exporter
from ingestion.simulation.organisation import SITES, Organisation, organise
from ingestion.simulation.rota import REASONS, STATES
from ingestion.simulation.schema import Flags, Ints
from ingestion.simulation.settings import (
    DAY_S,
    Month,
    SimulationSettings,
    SimulationSummary,
    as_datetime,
    end_of_simulation,
    months_of,
)

STATUS_TRUTH = "status_truth"


def simulate(
    settings: SimulationSettings, progress: Callable[[str], None] | None = None
) -> SimulationSummary:
    """Write landing files and their truth to `settings.out`.

    The same settings give the same bytes. `progress` gets one line per month and site. Raises
    ValueError, with a sentence for the user, when the settings cannot be simulated.
    """
    settings.validate()
    months = months_of(settings)
    stop_s = end_of_simulation(months)
    org = organise(settings, months)
    first_s = (months[0].first_day - 2) * DAY_S
    clocks = [Clock(site.zone, first_s, stop_s + DAY_S) for site in SITES]
    with Exporter(settings.seed, settings.out, clocks, stop_s, settings.quirks) as exporter:
        run = _Run(settings, org, clocks, stop_s, exporter, progress or (lambda _: None))
        for month in months:
            run.month(month)
        run.finish()
    if settings.vendor is not None:
        vendors.export(settings.vendor, settings.out, settings.quirks)
    return SimulationSummary(
        landing=settings.out,
        truth=exporter.truth,
        as_of=as_datetime(stop_s),
        rows=dict(exporter.rows),
        files=dict(exporter.files),
        bad_rows={name: count for name, count in exporter.bad_rows.items() if count},
    )


class _Run:
    """What one month hands to the next: memories of customers, and everybody's last status."""

    def __init__(
        self,
        settings: SimulationSettings,
        org: Organisation,
        clocks: list[Clock],
        stop_s: int,
        exporter: Exporter,
        progress: Callable[[str], None],
    ) -> None:
        self._seed, self._quirks = settings.seed, settings.quirks
        self._org, self._clocks, self._stop_s = org, clocks, stop_s
        self._exporter, self._progress = exporter, progress
        self._memory = [contact_log.NO_MEMORY] * len(SITES)
        self._open = timeline.NO_SEGMENTS

    def month(self, month: Month) -> None:
        self._write_organisation(month)
        sites = [number for number in range(len(SITES)) if np.any(self._org.team_site == number)]
        segments, busy = [], []
        for site in sites:
            statuses, handled = self._site(month, site)
            segments.append(statuses)
            busy.append(handled)
        if self._quirks:
            orphan = quirks.Orphan(len(self._org.ids), month)
            segments.append(orphan.segments)
            busy.append(orphan.busy)
        merged = timeline.join([self._open, *segments])
        runs, stops = timeline.effective(merged, timeline.union(busy), self._stop_s)
        # Everybody ends the month away; how long for, the next month tells.
        last = np.append(runs.agent[1:] != runs.agent[:-1], True)
        self._append_status(runs.take(~last), stops[~last])
        self._open = runs.take(last)

    def finish(self) -> None:
        """Everybody stays away until the simulation stops."""
        stops = np.full(len(self._open.agent), self._stop_s)
        self._append_status(self._open, stops)

    def _site(self, month: Month, number: int) -> tuple[timeline.Segments, timeline.Intervals]:
        """One site's month; everything but its status events is written here."""
        seed, org, site, clock = self._seed, self._org, SITES[number], self._clocks[number]
        shifts = rota.plan(seed, org, month, number, clock)
        windows = queues.open_windows(seed, org, shifts, month, number)
        handled = queues.run(seed, org, windows, month, number, clock)
        log, self._memory[number] = contact_log.describe(
            seed, org, windows, handled, month, number, site, self._memory[number]
        )
        segments = timeline.observe(seed, shifts, windows, log, month, number)
        busy = timeline.union([timeline.handling(log)])
        if site.sends_active:
            segments = timeline.send_active(segments, busy)
        events = timeline.events_table(segments, org, month, site)
        floor = surroundings.Floor(seed, org, month, number, shifts, log, self._stop_s)
        if self._quirks:
            kept = quirks.kept_clock_outs(segments, seed, month, number)
            segments, events = segments.take(kept), events.filter(pa.array(kept))
            log = quirks.overlap(log, stream(seed, "overlap", month.index, number))
        tables = {
            "status_events": events,
            "shifts": rota.shifts_table(shifts, org, month, site),
            "interactions": contact_log.interactions_table(log, org, site),
        } | surroundings.tables(floor)
        orphans: dict[str, pa.Table] = {}
        if self._quirks and number == int(org.team_site[0]):
            orphans = quirks.Orphan(len(org.ids), month).tables()
        for dataset, table in tables.items():
            extra = [orphans[dataset]] if dataset in orphans else []
            self._exporter.write(dataset, pa.concat_tables([table, *extra]), month, number)
        self._progress(f"{month.label} {site.name}: {int(log.handled.sum()):,} contacts handled")
        return segments, busy

    def _write_organisation(self, month: Month) -> None:
        """The rows that came into force this month; with the first month, all before it too."""
        home = int(self._org.team_site[0])
        tables = {"agents": self._org.agents_table, "kpi_targets": self._org.targets_table}
        for dataset, table in tables.items():
            day = table["effective_from"].cast(pa.int32()).to_numpy()
            due: Flags = (day < month.stop_day) & ((day >= month.first_day) | (month.index == 0))
            self._exporter.write(dataset, table.filter(pa.array(due)), month, home)
        if month.index == 0:
            self._exporter.write("teams", self._org.teams_table, month, home)

    def _append_status(self, runs: timeline.Segments, stops: Ints) -> None:
        ids = [*self._org.ids, quirks.ORPHAN_ID]
        table = pa.table(
            {
                "agent_id": schema.texts(ids, runs.agent),
                "start_s": runs.start,
                "end_s": stops,
                "state": schema.texts(STATES, runs.state),
                "reason": schema.texts(REASONS, runs.reason),
            }
        )
        self._exporter.write_truth(STATUS_TRUTH, table)
