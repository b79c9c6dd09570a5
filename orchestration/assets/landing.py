"""Ingestion assets: one per dataset of the landing contract. What loading means is ingestion's matter."""

import dagster as dg

from ingestion import DATASETS, DatasetSummary, ingest
from orchestration.progress import tell
from orchestration.resources import ExclusiveRun, HomeResource


def _metadata(summary: DatasetSummary) -> dict[str, dg.MetadataValue]:
    counts = {
        "files_seen": summary.files_seen,
        "files_new": summary.files_new,
        "files_quarantined": summary.files_quarantined,
        "rows_loaded": summary.rows_loaded,
        "rows_rejected": summary.rows_rejected,
    }
    return {name: dg.MetadataValue.int(count) for name, count in counts.items()}


def _landing_asset(dataset: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=dg.AssetKey(["landing", dataset]),
        group_name="landing",
        kinds={"parquet"},
        description=f"Files of `{dataset}` in the landing folder, loaded once each; bad rows quarantined.",
    )
    def landed(
        home: HomeResource,
        exclusive_run: ExclusiveRun,  # held from here to the end of the run
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        home.home.prepare()
        summary = ingest(home.home, home.landing_folder, [dataset], tell, home.limits)
        return dg.MaterializeResult(metadata=_metadata(summary.datasets[dataset]))

    return landed


landing_assets = [_landing_asset(dataset) for dataset in DATASETS]
