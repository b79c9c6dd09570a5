"""The command line: thin over the Dagster definitions that the UI and the schedules use.

What is heavy to import is imported by the command that needs it, so that `--help` answers at once.
"""

import errno
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

if TYPE_CHECKING:
    from ingestion import Home
    from orchestration.delivery.desk import Desk

app = typer.Typer(
    name="scorehouse",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="An agent-performance warehouse: raw contact-centre exports in; audited marts, reports and tasks out.\n\n"
    "Try it: `scorehouse simulate --agents 50 --months 2 --end 2026-10 --seed 1 --out landing`, then "
    "`scorehouse close 2026-10 --landing landing`.\n\n"
    "Exit codes: 0 done, 1 a check stopped the publish, 2 wrong use or unusable input.",
)
console = Console()
messages = Console(stderr=True)

HomeOption = Annotated[
    Path,
    typer.Option(
        "--home", envvar="SCOREHOUSE_HOME", help="Folder that holds everything Scorehouse writes."
    ),
]
LandingOption = Annotated[
    Path | None,
    typer.Option(
        "--landing",
        envvar="SCOREHOUSE_LANDING",
        help="Folder with the exports, one folder per dataset. Default: <home>/landing.",
    ),
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        envvar="SCOREHOUSE_AS_OF",
        help="Report as at this instant, ISO 8601 with Z or an offset; nothing after it is seen. Default: now.",
    ),
]
PublishOption = Annotated[
    str | None,
    typer.Option(
        "--publish",
        help="Publish to this PostgreSQL server as well: postgres://USER@HOST/DATABASE. The password comes from"
        " PGPASSWORD or ~/.pgpass. Default: SCOREHOUSE_PUBLISH, which may hold the whole address.",
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        help="Build the models on duckdb (the default) or on spark (docs/spark.md). Default: SCOREHOUSE_ENGINE.",
    ),
]
DEFAULT_HOME = Path("home")
PUBLISH_VARIABLE = "SCOREHOUSE_PUBLISH"
# Full, or not ours to write.
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


@app.callback()
def _before_any_command(
    key_file: Annotated[
        Path | None,
        typer.Option(
            "--key-file",
            envvar="SCOREHOUSE_KEY_FILE",
            help="File with the key of an encrypted home (mode 0600), see `scorehouse key`.",
        ),
    ] = None,
) -> None:
    # dbt and the orchestrator run in processes of their own, which get it the same way.
    if key_file is not None:
        os.environ["SCOREHOUSE_KEY_FILE"] = str(key_file.resolve())


@app.command()
def simulate(
    agents: Annotated[int, typer.Option(help="How many agents work in the centre.")],
    months: Annotated[int, typer.Option(help="How many calendar months.")],
    end: Annotated[str, typer.Option(help="The last month, YYYY-MM.")],
    seed: Annotated[int, typer.Option(help="The same seed makes the same files, byte for byte.")],
    out: Annotated[
        Path,
        typer.Option(help="Folder to write the datasets into; the truth goes to <out>/_truth."),
    ],
    quirks: Annotated[
        bool,
        typer.Option(
            "--quirks", help="Add what real exports have: duplicates, late rows, bad rows …"
        ),
    ] = False,
    vendor: Annotated[
        str | None,
        typer.Option(
            help="Write what this vendor's system records as its export: asterisk, amazon_connect, genesys_cloud"
            " or zendesk."
        ),
    ] = None,
) -> None:
    """Simulate a contact centre and write its exports, with the truth for tests beside them."""
    from ingestion.simulation import SimulationSettings, simulate

    try:
        summary = simulate(
            SimulationSettings(agents, months, end, seed, out, quirks, vendor), _tell
        )
    except ValueError as wrong:
        _fail(str(wrong))
    for dataset, rows in summary.rows.items():
        console.print(f"  {dataset:<20} {rows:>12,} rows", highlight=False)
    console.print(f"Next: scorehouse close {end} --landing {out}", highlight=False, soft_wrap=True)


@app.command()
def ingest(home: HomeOption = DEFAULT_HOME, landing: LandingOption = None) -> None:
    """Load what is new in the landing folder; bad rows go to quarantine with their reasons."""
    from orchestration.job_names import INGESTION

    _run(INGESTION, home, landing, None, None, False)
    _print_status(_home(home))


@app.command()
def close(
    month: Annotated[str, typer.Argument(help="The month to close, YYYY-MM.")],
    home: HomeOption = DEFAULT_HOME,
    landing: LandingOption = None,
    as_of: AsOfOption = None,
    provisional: Annotated[
        bool,
        typer.Option(
            "--provisional",
            help="Look at a month that is not over: reports, but no revision, no message.",
        ),
    ] = False,
    publish_to: PublishOption = None,
    engine: EngineOption = None,
) -> None:
    """Close a month: load, build, check, record, publish, report, and write every task and message once.

    Running it again on the same data changes nothing; with later data it writes revision 2 of what changed.
    """
    from orchestration.job_names import MONTHLY_CLOSE

    _publish_also_to(publish_to)
    _build_on(engine)
    _run(MONTHLY_CLOSE, home, landing, as_of, month, provisional)
    from orchestration import summary

    summary.print_close(console, _home(home), month, provisional)


@app.command()
def build(
    home: HomeOption = DEFAULT_HOME,
    landing: LandingOption = None,
    as_of: AsOfOption = None,
    publish_to: PublishOption = None,
    engine: EngineOption = None,
) -> None:
    """Load what is new, rebuild, check and publish the marts, without closing a month (the daily job)."""
    from orchestration.job_names import DAILY_BUILD

    _publish_also_to(publish_to)
    _build_on(engine)
    _run(DAILY_BUILD, home, landing, as_of, None, False)
    _print_status(_home(home))


@app.command()
def report(
    starts_on: Annotated[
        str, typer.Option("--from", help="First day of the report, YYYY-MM-DD.", metavar="DATE")
    ],
    ends_on: Annotated[
        str | None,
        typer.Option("--to", help="Last day, included. Default: the first day.", metavar="DATE"),
    ] = None,
    department: Annotated[
        str | None, typer.Option(help="Only what was done in this department.")
    ] = None,
    site: Annotated[str | None, typer.Option(help="Only what was done at this site.")] = None,
    function: Annotated[
        str | None, typer.Option(help="Only what was done in this function.")
    ] = None,
    team: Annotated[
        str | None, typer.Option(help="Only what was done in this team (its id).")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder to write into. Default: a folder of the period's name in <home>/reports."
        ),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Report on any period from what is published: pages and PDFs for every agent and unit.

    A single day makes a daily report, Monday to Sunday a weekly one. Agents and units are those with figures in the
    period; filters can be combined. Asking again renders only what changed. Scores belong to closed months: see
    `scorehouse close`.
    """
    from orchestration import period_reports
    from reports import ReportError

    filters = {"department": department, "site": site, "function": function, "team": team}
    _listen()
    try:
        index = period_reports.render_period(
            _home(home),
            starts_on,
            ends_on,
            {name: value for name, value in filters.items() if value is not None},
            out.resolve() if out else None,
        )
    except ReportError as problem:
        _fail(str(problem))
    console.print(f"pages and PDFs: {index}", highlight=False, soft_wrap=True)


@app.command()
def publish(
    address: Annotated[
        str | None,
        typer.Argument(help="postgres://USER@HOST/DATABASE; default: SCOREHOUSE_PUBLISH."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Bring what is published to a PostgreSQL server, with a role for each kind of reader; nothing is built.

    The password comes from PGPASSWORD or ~/.pgpass. A server that holds this content already is left alone.
    """
    from orchestration import publication, server
    from orchestration.project import MANIFEST, refresh_manifest

    _publish_also_to(address)
    said = os.environ.get(PUBLISH_VARIABLE)
    if not said:
        _fail("say where to publish: `scorehouse publish postgres://USER@HOST/DATABASE`")
    where = server.parse_address(said, with_password=True)
    if not home.exists():
        _fail(f"there is no home folder {home}: name it with --home")
    refresh_manifest()
    try:
        changed = server.publish(_home(home), publication.interface(MANIFEST), where)
    except server.PublishError as problem:
        messages.print(f"error: {problem}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    done = "published to" if changed else "nothing changed on"
    console.print(f"{done} {where.shown}", highlight=False, soft_wrap=True)


@app.command()
def status(home: HomeOption = DEFAULT_HOME) -> None:
    """Say what is loaded, quarantined, closed, signed, published and sent."""
    _require_home(home)
    _convert(home)
    _print_status(_home(home))


@app.command()
def monitor(
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write into this file, in one step; without it, print.", metavar="FILE.prom"
        ),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Say for a monitoring system how a home is: loads, freshness, runs, closes, messages, tasks (Prometheus text).

    It counts and names nobody. Run it every few minutes, with --out in the folder that node_exporter's textfile
    collector reads. What to watch and from where on to wake somebody: docs/operations.md, "Monitoring".
    """
    from orchestration import monitoring

    _require_home(home)
    _convert(home)
    if out is None:
        console.file.write(monitoring.exposition(_home(home)).decode())
        return
    if not out.parent.is_dir():
        _fail(f"there is no folder {out.parent}: make it, or name a file in one that there is")
    monitoring.write(_home(home), out)


@app.command()
def quality(
    suite: Annotated[
        str | None,
        typer.Argument(help="Show this suite alone, with its failing rows: landed.tickets, …"),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show the rules of the quality gates, and what each found when it last had something to look at.

    Rules are YAML files in orchestration/quality/suites: edit a threshold or a severity, and the next run uses it.
    """
    from orchestration import summary

    _require_home(home)
    known = summary.print_quality(console, _home(home), suite)
    if suite is not None and suite not in known:
        _fail(
            f"there is no suite '{suite}' with results; there are {', '.join(known) or 'none yet'}"
        )


@app.command()
def explain(
    agent: Annotated[
        str, typer.Argument(help="The agent's id; or, alone, the address of a figure in a report.")
    ],
    month: Annotated[str | None, typer.Argument(help="The month, YYYY-MM.")] = None,
    metric: Annotated[
        str | None,
        typer.Argument(
            help="A column of monthly_performance_summary, a KPI, or kpi.column of agent_kpi_month (csat.target)."
        ),
    ] = None,
    revision: Annotated[
        int | None, typer.Option(help="Which revision of the month. Default: the current one.")
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option(help="Write every raw row that it stands on into this CSV file."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show where a figure comes from, down to the rows of the landed files, and make it again from them.

    Prints value, formula, inputs, agent-days, models and raw rows (file, row, file hash), then builds the models over
    those rows alone and says whether they make the same figure. Exit code 1: they do not.

    Examples: `scorehouse explain A00001 2026-10 csat`, `scorehouse explain A00001 2026-10 csat.target`,
    `scorehouse explain 'agent_kpi_month?agent_id=A00001&month=2026-10-01&kpi=csat#value'`.
    """
    from orchestration import explain as explaining
    from orchestration import summary

    if (month is None) != (metric is None):
        _fail("say AGENT MONTH METRIC, for example A00001 2026-10 csat; or one address alone")
    _require_home(home)
    _convert(home)
    of = _home(home)
    if month is None or metric is None:
        explanation = explaining.explain_address(of, agent)
    else:
        explanation = explaining.explain(of, agent, month, metric, revision)
    if rows is not None:
        explaining.write_rows(explanation, rows)
    if as_json:
        print(explaining.as_json(explanation))
    else:
        summary.print_explanation(console, explanation)
    raise typer.Exit(0 if explanation.agrees else 1)


@app.command()
def rules(
    table: Annotated[
        str | None, typer.Argument(help="Show this table: what its columns mean, and its rows.")
    ] = None,
) -> None:
    """List the tables of rules (standards, limits, levels, reasons …), check them, or show one.

    They are CSV files: edit them, run `scorehouse rules` to check, and the next build uses them. Rows have the date
    they hold from, so that old periods keep the old rule.
    """
    from orchestration import summary
    from orchestration.project import PROJECT_DIR
    from orchestration.rules import check_rules, rule_tables

    tables = rule_tables(PROJECT_DIR)
    shown = [one for one in tables if one.name == table]
    if table is not None and not shown:
        _fail(f"there is no table of rules '{table}': one of {', '.join(t.name for t in tables)}")
    if shown:
        summary.print_rule_table(console, shown[0])
    else:
        summary.print_rule_tables(console, tables)
    check_rules(PROJECT_DIR)


@app.command()
def verify(
    home: HomeOption = DEFAULT_HOME,
    head: Annotated[
        str | None,
        typer.Option(
            help="The hash of a record that you noted elsewhere: it must still be in the ledger."
        ),
    ] = None,
) -> None:
    """Check that what was recorded is there and as it was: ledger, raw files, closes, PDFs, published database.

    Prints the head of the ledger; note it somewhere else to be able to tell later that nothing was cut off. Exit code
    0: all well; 1: something is wrong, and named.
    """
    from orchestration import summary, verification

    _require_home(home)
    _listen()
    findings = verification.verify(_home(home), head)
    summary.print_findings(console, findings)
    if findings.problems:
        raise typer.Exit(1)


@app.command()
def sign(
    month: Annotated[str, typer.Argument(help="The closed month, YYYY-MM.")],
    role: Annotated[
        str,
        typer.Option("--as", metavar="ROLE", help="As whom; a wrong one lists those there are."),
    ],
    name: Annotated[str | None, typer.Option(help="Who signs.")] = None,
    note: Annotated[str | None, typer.Option(help="What should be remembered with it.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Sign off the newest close of a month, in the ledger. A restatement is to be signed again.

    Roles: team_lead, supervisor, department_head, operations, quality, workforce, hr, finance, auditor.
    """
    from orchestration.months import parse_month
    from orchestration.signing import ROLES
    from orchestration.signing import sign as sign_off

    first_day = parse_month(month)
    _require_home(home)
    _convert(home)
    signed, is_new = sign_off(_home(home), first_day, role, name, note)
    what = f"close {signed.close_number} of {month} ({signed.sha256[:12]}…)"
    by = f"{role}{f', {name}' if name else ''}"
    sentence = (
        f"{what} is signed as {by}: {ROLES[role]}"
        if is_new
        else f"{what} was signed as {by} already, at {signed.signed_at}: nothing was recorded"
    )
    console.print(sentence, markup=False, highlight=False, soft_wrap=True)


@app.command()
def as_known_on(
    instant: Annotated[
        str,
        typer.Argument(help="A date (its end, UTC), or ISO 8601 with Z or an offset."),
    ],
    out: Annotated[Path, typer.Option(help="The home to make; it must not exist yet.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a home that holds what was known at an instant, build it, and compare it with what was published then.

    `scorehouse report --home OUT` then makes any report as it was. Exit code 0:
    the same, mart by mart; 1: some differ.
    """
    from orchestration import summary
    from orchestration.months import parse_end_of_day_or_instant

    moment = parse_end_of_day_or_instant(instant, "INSTANT")
    _require_home(home)
    _convert(home)
    from ingestion import Home
    from orchestration import past

    compared = past.rebuild(_home(home), moment, Home(out.resolve()))
    if not isinstance(compared, past.Comparison):
        for reason in compared.reasons:
            messages.print(f"error: {reason}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(compared.exit_code)
    summary.print_comparison(console, compared, out)
    if compared.differing:
        raise typer.Exit(1)


deliveries_app = typer.Typer(
    no_args_is_help=True,
    help="Messages on their way over a transport (docs/delivery.md): list, send, retry, cancel, confirm.",
)
app.add_typer(deliveries_app, name="deliveries")
KeysArgument = Annotated[
    list[str], typer.Argument(help="Keys as `deliveries list` shows them.", metavar="KEY…")
]


@deliveries_app.command("list")
def list_deliveries(
    state: Annotated[
        list[str] | None,
        typer.Option(help="Only those in this state; can be given more than once."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List messages with state, attempts and the last answer. Without --state: all that need time or a person."""
    from orchestration import summary

    with _register(home) as desk:
        summary.print_deliveries(console, desk.listed(state))


@deliveries_app.command("send")
def send_deliveries(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent; record and send nothing.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Send what is due: new messages, retries, what quiet hours or a limit kept waiting, notices to the operator.

    Let cron run it every ten minutes. Exit code 0: nothing needs a person; 1: something does, and is named.
    """
    import datetime as dt

    from orchestration import summary
    from orchestration.delivery.carrying_out import deliver_what_is_due
    from orchestration.delivery.sending import send_due
    from orchestration.resources import delivery_settings

    _require_home(home)
    _convert(home)
    of = _home(home)
    settings = delivery_settings(of)
    if dry_run:
        summary.print_dry_run(console, send_due(of, settings, dry_run=True))
        return
    done = deliver_what_is_due(of, settings, dt.datetime.now(dt.UTC))
    summary.print_carried_out(console, done)
    if done.notes:
        raise typer.Exit(1)


@deliveries_app.command("retry")
def retry_deliveries(keys: KeysArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Send these again with the next round: parked, dead, barred or cancelled ones."""
    with _register(home) as desk:
        for key in keys:
            console.print(desk.retry(key), highlight=False, soft_wrap=True)


@deliveries_app.command("cancel")
def cancel_deliveries(keys: KeysArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Never send these: waiting, parked, dead or barred ones."""
    with _register(home) as desk:
        for key in keys:
            console.print(desk.cancel(key), highlight=False, soft_wrap=True)


@deliveries_app.command("arrived")
def arrived_deliveries(keys: KeysArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Record that these parked messages did arrive, as you found out elsewhere."""
    with _register(home) as desk:
        for key in keys:
            console.print(desk.arrived(key), highlight=False, soft_wrap=True)


@deliveries_app.command("confirm")
def confirm_deliveries(
    month: Annotated[str, typer.Argument(help="The closed month, YYYY-MM.")],
    by: Annotated[str, typer.Option(help="Who confirms.")] = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Let the messages of a close go out that waits for a person; the next round sends them."""
    from orchestration.months import parse_month

    first_day = parse_month(month)
    with _register(home) as desk:
        console.print(desk.confirm(first_day, by), highlight=False, soft_wrap=True)


source_app = typer.Typer(
    no_args_is_help=True, help="Exports of other systems: look at them before they are loaded."
)
app.add_typer(source_app, name="source")


@source_app.command("check")
def check_source(
    folder: Annotated[
        Path,
        typer.Argument(
            help="A landing folder, a folder in it, or any heap of exports.", metavar="DIR"
        ),
    ],
) -> None:
    """Say what the files of a folder are, what their first records become, and what a close still needs.

    The content tells, never the name: datasets of the landing contract (docs/landing.md) and exports of vendors
    (docs/sources). Of each file the first MiB is read, of thousands of files some. A sample goes through the models
    in a temporary folder; nothing is changed in DIR, nothing is written to a home.

    Example: `scorehouse source check ~/Downloads/exports`. It says which folder of the landing folder each file belongs
    into; put them there, run it over the landing folder again, and then `scorehouse close 2026-10 --landing DIR`.

    Exit codes: 0 all is recognised and nothing is missing, 1 something is unusable, not recognised, or missing that a
    close needs, 2 wrong use.
    """
    _listen()
    from orchestration.source_check import check
    from orchestration.source_summary import print_checked

    checked = check(folder)
    print_checked(console, checked)
    raise typer.Exit(0 if checked.is_ready else 1)


@app.command()
def purge(
    before: Annotated[
        str | None,
        typer.Option(help="Keep this month (YYYY-MM) and all after it, also where rules let go."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it. Without this, only show what would go.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Remove what is older than the rules keep it: raw files, quarantine, reports, outbox, run history.

    Shows what would go, and does nothing without --yes. How long each kind is kept: `scorehouse rules retention`.
    What a legal hold covers stays: `scorehouse hold`. The ledger keeps the proof: what went, how much, by which rule.
    """
    import datetime as dt

    from orchestration import purging, retention, summary
    from orchestration.instance import open_instance, prepare_instance
    from orchestration.months import parse_month
    from orchestration.progress import tell
    from orchestration.project import PROJECT_DIR
    from orchestration.records import locked

    limit = parse_month(before) if before else None
    _require_home(home)
    _convert(home)
    of = _home(home)
    prepare_instance(of)
    with (
        locked(of.records / "run.lock", lambda: tell("waiting for another run on this home")),
        open_instance(of) as instance,
    ):
        if purging.journal(of).exists() and not yes:
            _fail("a purge was stopped half-way: `scorehouse purge --yes` completes it")
        purging.complete(of, instance)
        listing = retention.look(
            of,
            retention.rule_table(PROJECT_DIR),
            dt.datetime.now(dt.UTC).date(),
            purging.past_runs(instance),
            limit,
        )
        summary.print_purge(console, listing, done=yes)
        if yes:
            purging.purge(of, listing, instance)


@app.command()
def erase(
    agent: Annotated[str, typer.Argument(help="The id of the person to be erased.")],
    reason: Annotated[
        str, typer.Option(help="Why, without naming the person: a case number. It is kept.")
    ],
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Do it. Without this, only show where the person is named."),
    ] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Erase a person (a privacy request): id, name, addresses and notes leave everything; all totals stay.

    Shows where the person is named, and does nothing without --yes. A random pseudonym takes the person's place in raw
    files, closed months and marts; reports and messages are written again or removed; rows that come later are kept
    out. Exit code 1: something still names the person, and is listed.
    """
    from orchestration import erasing, summary
    from orchestration.progress import tell
    from orchestration.records import locked

    _require_home(home)
    _convert(home)
    of = _home(home)

    def waiting() -> None:
        tell("waiting for another run on this home to end")

    with locked(of.records / "run.lock", waiting):
        stopped = erasing.unfinished(of)
        if stopped is not None and stopped.agent_id != agent:
            _fail(f"erasing {stopped.agent_id} was stopped half-way: complete that first")
        found = None
        if stopped is None:
            found = erasing.look(of, agent)
            summary.print_found(console, found, done=yes)
            if not yes:
                return
            erasing.begin(of, found, reason)
        elif not yes:
            _fail("this erasure was stopped half-way: --yes completes it")
        erasing.finish_files(of)
    done = erasing.finish(of)
    summary.print_erasure(console, done)
    for why in done.reasons:
        messages.print(f"error: {why}", markup=False, highlight=False, soft_wrap=True)
    if done.reasons or done.left or done.rules:
        raise typer.Exit(1)


@app.command()
def hold(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="What is held: everything, or a kind of `scorehouse rules retention`. Without it: list the holds."
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    by: Annotated[str | None, typer.Option(help="Who says so.")] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="YYYY-MM", help="First month. Default: all.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="YYYY-MM", help="Last month. Default: open.")
    ] = None,
    agent: Annotated[
        str | None, typer.Option(help="Only about this agent; files that others are in stay too.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Keep data from being purged and people from being erased until the hold is released; or list the holds.

    Example: `scorehouse hold everything --from 2026-03 --to 2026-05 --reason "case 17/26" --by "J. Doe"`.
    """
    from orchestration import holds
    from orchestration.months import parse_month
    from orchestration.project import PROJECT_DIR
    from orchestration.retention import rule_table

    _require_home(home)
    _convert(home)
    of = _home(home)
    if kind is None:
        for one in holds.active(of):
            console.print(one.title, markup=False, highlight=False, soft_wrap=True)
        return
    if not reason or not by:
        _fail("say why and who says so: --reason and --by")
    columns = rule_table(PROJECT_DIR).columns
    kinds = next(column.allowed for column in columns if column.name == "kind")
    months = (parse_month(first) if first else None, parse_month(last) if last else None)
    placed = holds.place(of, kind, kinds, months, agent, reason, by)
    console.print(placed.title, markup=False, highlight=False, soft_wrap=True)


@app.command()
def release(
    number: Annotated[int, typer.Argument(help="The hold's number: `scorehouse hold` lists them.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    by: Annotated[str, typer.Option(help="Who says so.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """End a legal hold. Both remain in the ledger."""
    from orchestration import holds

    _require_home(home)
    _convert(home)
    ended = holds.release(_home(home), number, reason, by)
    console.print(f"released: {ended.title}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def encrypt(
    new_key_file: Annotated[
        Path | None,
        typer.Option(help="Give an encrypted home the key in this file in place of its own."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Encrypt a home that lies in the clear; or give an encrypted one another key, which takes a moment.

    The key is that of --key-file. A run that was stopped is completed by running it again.
    """
    from ingestion import Home, encryption
    from ingestion.old_records import convert
    from orchestration.encrypting import encrypt as encrypt_home

    _require_home(home)
    if new_key_file is not None:
        encryption.change_key(_home(home).root, encryption.read_key(new_key_file))
        console.print("the home has the new key; the old one opens it no more", highlight=False)
        return
    key = encryption.given_key(os.environ)
    if key is None:
        _fail("give the key: `scorehouse key new FILE` makes one, --key-file FILE names it")
    resolved = Home(home.resolve())
    _listen()
    if not encryption.is_encrypted(resolved.root):
        convert(resolved, _tell)
    done = encrypt_home(resolved, key)
    console.print(f"{done.files:,} files encrypted", highlight=False)
    if done.removed:
        console.print(
            "the warehouse was removed: the next `scorehouse build` or `close` makes it again",
            highlight=False,
        )


@app.command(name="open")
def open_sealed(
    what: Annotated[
        Path,
        typer.Argument(help="A folder of reports (2026-10), or a path in the home (outbox)."),
    ],
    out: Annotated[Path, typer.Option(help="The folder to write; it must not exist yet.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write reports, messages or rejected rows of an encrypted home into a folder where they can be read."""
    from orchestration.opening import open_files

    _require_home(home)
    written = open_files(_home(home), what, out.resolve())
    console.print(f"{written:,} files in {out.resolve()}", highlight=False, soft_wrap=True)


keys = typer.Typer(no_args_is_help=True, help="Make a key, or the key of one database.")
app.add_typer(keys, name="key")


@keys.command(name="new")
def new_key(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")],
) -> None:
    """Write a random key into a file that is yours alone. Whoever loses it has lost the home."""
    from ingestion import encryption

    try:
        written = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        _fail(f"{file} cannot be written: {error.strerror}")
    with os.fdopen(written, "w") as opened:
        opened.write(encryption.new_key() + "\n")
    console.print(f"a new key is in {file}: keep a copy elsewhere", highlight=False, soft_wrap=True)


@keys.command(name="database")
def database_key(
    file: Annotated[Path, typer.Argument(help="A database in the home's `published` folder.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print the key of one published database, for whoever may read it: it opens no other file."""
    from ingestion import encryption

    _require_home(home)
    of = _home(home)
    unlocked = encryption.keys_of(of.root)
    if unlocked is None:
        _fail(f"{of.root} is not encrypted: its databases need no key")
    path = file.resolve()
    if path.parent not in (of.published, of.published / "managers") or not path.is_file():
        _fail(f"{file} is no database in {of.published}")
    print(unlocked.database(path))


@app.command()
def ui(
    home: HomeOption = DEFAULT_HOME,
    landing: LandingOption = None,
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 3000,
) -> NoReturn:
    """Open the orchestrator's web page with its schedules and sensor, on this machine only."""
    environment = _served(home, landing)
    _end_dead_runs(environment)
    _become("dagster", environment, "dev", *_DEFINITIONS, "-h", "127.0.0.1", "-p", port)


class Role(StrEnum):
    """One of the three processes of an installation on PostgreSQL storage."""

    CODE_LOCATION = "code-location"
    WEBSERVER = "webserver"
    DAEMON = "daemon"


@app.command()
def serve(
    role: Annotated[Role, typer.Argument(help="Which process this one is.")],
    home: HomeOption = DEFAULT_HOME,
    landing: LandingOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(help="Port to listen on. Default: 3000 (webserver), 4000 (code-location)."),
    ] = None,
    code_location: Annotated[
        str,
        typer.Option(
            help="Where webserver and daemon find the code location.", metavar="HOST:PORT"
        ),
    ] = "127.0.0.1:4000",
) -> NoReturn:
    """Be one of the processes of an installation whose runs are kept on a PostgreSQL server.

    code-location has the home and carries out the runs; webserver is the page; daemon starts what is scheduled and
    what is in the queue. These two need no home: give them an empty folder. All need SCOREHOUSE_DAGSTER_POSTGRES. None
    asks anybody for a password: let only those reach their ports who may do everything. See docs/operations.md.
    """
    from orchestration.instance import POSTGRES_VARIABLE

    where, _, its_port = code_location.rpartition(":")
    if not where or not its_port.isdecimal():
        _fail(f"'{code_location}' is no place of a code location: write HOST:PORT")
    if not os.environ.get(POSTGRES_VARIABLE):
        _fail(
            f"{role} shares runs with other processes: name their server in {POSTGRES_VARIABLE},"
            " or use `scorehouse ui` for all in one"
        )
    environment = _served(home, landing)
    listening = ("-h", host, "-p", port or (3000 if role is Role.WEBSERVER else 4000))
    of_location = ("--grpc-host", where, "--grpc-port", its_port)
    if role is Role.CODE_LOCATION:
        # The other two have no home, and cannot tell who is alive.
        _end_dead_runs(environment)
        _become("dagster", environment, "api", "grpc", *_DEFINITIONS, *listening)
    if role is Role.WEBSERVER:
        _become("dagster-webserver", environment, *listening, *of_location)
    _become("dagster-daemon", environment, "run", *of_location)


_DEFINITIONS = ("-m", "orchestration.definitions")


def _served(home: Path, landing: Path | None) -> dict[str, str]:
    """The environment of the orchestrator's own programs; its settings are ready for them."""
    from orchestration.instance import limit_writers, open_instance, prepare_instance
    from orchestration.project import refresh_manifest

    resolved = _home(home)
    refresh_manifest()
    prepare_instance(resolved)
    with open_instance(resolved) as instance:
        limit_writers(instance)
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(resolved.dagster),
        "SCOREHOUSE_HOME": str(resolved.root),
    }
    if landing:
        environment["SCOREHOUSE_LANDING"] = str(landing.resolve())
    return environment


def _end_dead_runs(environment: Mapping[str, str]) -> None:
    from ingestion import Home
    from orchestration.instance import end_dead_runs, open_instance

    home = Home(Path(environment["SCOREHOUSE_HOME"]))
    with open_instance(home) as instance:
        end_dead_runs(home, instance)


def _become(program: str, environment: Mapping[str, str], *arguments: object) -> NoReturn:
    path = Path(sys.executable).with_name(program)
    os.execve(path, [str(path), *(str(argument) for argument in arguments)], environment)


def main() -> None:
    """Entry point: a user's mistake is one line, never a stack trace."""
    # Figures about people: what dbt and the orchestrator write is private too.
    os.umask(0o077)
    try:
        app()
    except ConnectionError as problem:
        messages.print(f"error: {problem}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            raise
        _fail(
            f"{error.filename or 'a file'}: {error.strerror}: see to that and run again, nothing is lost"
        )
    except Exception as problem:
        from ingestion import StoreError, UnusableInput
        from orchestration.project import ProjectError

        if isinstance(problem, StoreError):
            messages.print(f"error: {problem}", markup=False, highlight=False, soft_wrap=True)
            sys.exit(1)
        if not isinstance(problem, UnusableInput | ProjectError):
            raise
        _fail(str(problem))
    except KeyboardInterrupt:
        messages.print("stopped; running the same command again completes what is missing")
        sys.exit(130)


def _run(
    job: str,
    home: Path,
    landing: Path | None,
    as_of: str | None,
    month: str | None,
    provisional: bool,
) -> None:
    from orchestration.months import parse_instant, parse_month

    # Wrong use is answered before anything that takes long to import.
    if month:
        parse_month(month)
    instant = parse_instant(as_of) if as_of else None
    if landing is not None and not landing.is_dir():
        _fail(f"there is no landing folder {landing}")
    from orchestration.run_settings import AS_OF_TAG, PROVISIONAL_TAG

    tags = {}
    if instant:
        tags[AS_OF_TAG] = instant.isoformat()
    if provisional:
        tags[PROVISIONAL_TAG] = "true"
    _listen()
    from orchestration.running import run_job

    outcome = run_job(job, _home(home), landing, tags, month)
    if outcome.exit_code:
        for reason in outcome.reasons:
            messages.print(f"error: {reason}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(outcome.exit_code)
    for warning in outcome.warnings:
        messages.print(f"warning: {warning}", markup=False, highlight=False, soft_wrap=True)


def _publish_also_to(address: str | None) -> None:
    """Check the address before anything runs, and hand it on as the environment, where nobody else can see it."""
    said = address or os.environ.get(PUBLISH_VARIABLE)
    if said:
        from orchestration.server import parse_address

        parse_address(said, with_password=not address)
        os.environ[PUBLISH_VARIABLE] = said


def _build_on(engine: str | None) -> None:
    """Check that the engine is there before anything runs, and hand it on as the environment."""
    from orchestration import spark

    if engine is not None:
        os.environ[spark.VARIABLE] = engine
    spark.is_chosen(os.environ)


def _home(folder: Path) -> "Home":
    """A home, opened if it is encrypted, or encrypted from its beginning if there is a key; whole, if it has stores.

    From here on, DuckDB keeps to its share of the memory.
    """
    from ingestion import Home, engine, stores
    from orchestration import unlocking

    home = Home(folder.resolve())
    unlocking.unlock(home, os.environ)
    engine.keep_within(home.scratch, os.environ)
    stores.fetch_back(home)
    return home


def _require_home(home: Path) -> None:
    if not home.exists():
        _fail(
            f"there is no home folder {home}: name it with --home, or begin with `scorehouse ingest`"
        )


@contextmanager
def _register(home: Path) -> Iterator["Desk"]:
    from orchestration.delivery.desk import Desk
    from orchestration.resources import delivery_settings

    _require_home(home)
    _convert(home)
    of = _home(home)
    desk = Desk(of, delivery_settings(of))
    try:
        yield desk
    finally:
        desk.close()


def _convert(home: Path) -> None:
    """Records of an earlier version become the beginning of the ledger, before anything reads it."""
    from ingestion.old_records import convert
    from orchestration.progress import tell

    _listen()
    convert(_home(home), tell)


def _listen() -> None:
    from orchestration.progress import progress

    # A run sends the chatter of its libraries to a file; what the person reads keeps a way of its own.
    own = Console(file=os.fdopen(os.dup(sys.stderr.fileno()), "w"))

    class Printed(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            _tell(record.getMessage(), own)

    progress.handlers = [Printed()]
    progress.setLevel(logging.INFO)
    progress.propagate = False


def _tell(sentence: str, to: Console = messages) -> None:
    to.print(f"· {sentence}", style="dim", markup=False, highlight=False, soft_wrap=True)


def _print_status(home: "Home") -> None:
    from orchestration import summary

    summary.print_status(console, home)


def _fail(sentence: str) -> NoReturn:
    messages.print(f"error: {sentence}", markup=False, highlight=False, soft_wrap=True)
    sys.exit(2)
