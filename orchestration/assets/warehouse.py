"""The dbt project as assets, its tests as checks that block what comes after."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets

from ingestion import Home, encryption
from orchestration import records, spark
from orchestration.encrypting import remove_warehouse
from orchestration.inputs import agents_time_zones, check_required_datasets, load_sequence
from orchestration.instance import WRITER_POOL
from orchestration.model_version import model_version
from orchestration.months import check_closable, choose_as_of
from orchestration.progress import tell
from orchestration.project import MANIFEST, PROJECT_DIR, dbt_target, reuse_parsed
from orchestration.resources import ExclusiveRun, HomeResource, builds_on_spark
from orchestration.retention import kept_from, refuse_purged
from orchestration.rules import check_rules
from orchestration.run_settings import RunSettings, settings_of, started_at


class LayerTranslator(DagsterDbtTranslator):
    """Groups models by layer, so that the graph reads from landing to marts."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The folder: staging, intermediate, marts or functions; seeds are rules."""
        if dbt_resource_props["resource_type"] == "seed":
            return "rules"
        return str(dbt_resource_props["fqn"][1])


def dbt_environment(home: Home, settings: RunSettings, now: Any) -> dict[str, str]:
    """What the models read of the run: the home, the instant reported at, the month that gets revisions.

    Raises:
        UnusableInput: a required dataset never landed, a table of rules is not as declared, the file of a recorded
            close is missing, rows of the month were purged, or it cannot be closed at that instant.
    """
    check_required_datasets(home)
    check_rules(PROJECT_DIR)
    # The models read every file of a close: what a crash left without its record gets it first.
    records.record_closes(home, model_version(home))
    last = records.last_close(home, settings.month) if settings.month else None
    as_of = choose_as_of(
        settings.as_of, now, (last.as_of, last.load_sequence) if last else None, load_sequence(home)
    )
    if settings.month:
        refuse_purged(home, settings.month, "closed")
        check_closable(settings.month, as_of, agents_time_zones(home), settings.provisional)
    closing, whole_from = settings.closing_month, kept_from(home)
    return {
        "SCOREHOUSE_HOME": str(home.root),
        "SCOREHOUSE_AS_OF": as_of.isoformat(),
        "SCOREHOUSE_CLOSE_MONTH": closing.isoformat() if closing else "",
        "SCOREHOUSE_KEPT_FROM": whole_from.isoformat() if whole_from else "",
        "DBT_TARGET": dbt_target(home),
    }


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the dbt process that is started inside."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def make_warehouse_assets() -> dg.AssetsDefinition:
    """The assets of the dbt project, from the manifest that set-up builds."""

    @dbt_assets(
        manifest=MANIFEST,
        dagster_dbt_translator=LayerTranslator(),
        name="warehouse",
        pool=WRITER_POOL,
        # Asked of one agent at a time, by `orchestration.explain`.
        exclude="path:dbt_project/models/audit",
    )
    def warehouse(
        context: dg.AssetExecutionContext,
        dbt: DbtCliResource,
        home: HomeResource,
        exclusive_run: ExclusiveRun,
    ) -> Iterator[Any]:
        settings = settings_of(context)
        values = dbt_environment(home.home, settings, started_at(context))
        tell(f"building the warehouse as of {values['SCOREHOUSE_AS_OF']}")
        on_spark = builds_on_spark()
        if on_spark:
            tell("building the models on Spark")
            values |= spark.build(home.home, values)
            tell("taking the tables over")
        # Kept between runs: dbt parses only what changed, if it finds what it parsed for this home before.
        target = home.home.dagster / "dbt"
        reuse_parsed(target)
        # Unit tests prove the models, not the data: they are run where models change (`make test`).
        arguments = ["build", "--exclude-resource-type", "unit_test"]
        if on_spark or encryption.is_encrypted(home.home.root):
            # What Spark made is whole: nothing of it goes by change. And what is written into an existing encrypted
            # file has a newer format than in a fresh one, and spells the queries of table functions otherwise than the
            # candidate does.
            remove_warehouse(home.home)
        with environment(values):
            invocation = dbt.cli(arguments, context=context, target_path=target)
        try:
            yield from invocation.stream()
            if on_spark:
                spark.forget(home.home)
        finally:
            # Whatever ended this step, nobody writes the warehouse after it.
            invocation.process.terminate()
            invocation.process.wait()

    return warehouse
