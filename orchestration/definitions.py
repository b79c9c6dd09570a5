"""The code location. `build_defs` makes it testable: a test brings its own resources."""

import os
from collections.abc import Mapping
from typing import Any

import dagster as dg

from orchestration.assets.close import close_assets
from orchestration.assets.landing import landing_assets
from orchestration.assets.publication import make_publication_assets, publication_checks
from orchestration.assets.quality import quality_checks
from orchestration.assets.reports import report_assets
from orchestration.assets.warehouse import make_warehouse_assets
from orchestration.jobs import jobs
from orchestration.resources import ExclusiveRun, HomeResource, dbt_resource
from orchestration.schedules import schedules
from orchestration.sensors import sensors


def build_defs(overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """All assets, checks, jobs, schedules and sensors; `overrides` replace resources by name."""
    home = (overrides or {}).get("home") or HomeResource(
        path=os.environ.get("SCOREHOUSE_HOME", ""), landing=os.environ.get("SCOREHOUSE_LANDING", "")
    )
    resources = {"home": home, "exclusive_run": ExclusiveRun(home=home), "dbt": dbt_resource()}
    return dg.Definitions(
        assets=[
            *landing_assets,
            make_warehouse_assets(),
            *make_publication_assets(),
            *close_assets,
            *report_assets,
        ],
        asset_checks=[*publication_checks, *quality_checks],
        jobs=jobs,
        schedules=schedules,
        sensors=sensors,
        resources={**resources, **(overrides or {})},
        executor=dg.in_process_executor,
    )


defs = build_defs()
