"""Ingestion assets: one per dataset of the contract, and per vendor's export. What loading means is ingestion's."""

from collections.abc import Iterator

import dagster as dg

from ingestion import DATASETS, ENTITIES, DatasetSummary, ingest
from orchestration.instance import WRITER_POOL
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
        pool=WRITER_POOL,
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


def _entity_key(entity: str) -> dg.AssetKey:
    return dg.AssetKey(["landing", *entity.split("/")])


# One step for all: most centres have exports of no vendor, or of one.
@dg.multi_asset(
    name="landing_vendors",
    pool=WRITER_POOL,
    specs=[
        dg.AssetSpec(
            _entity_key(entity),
            group_name="landing",
            kinds={"parquet"},
            description=f"Exports in `{entity}` of the landing folder, each vendor's record kept as it came.",
        )
        for entity in ENTITIES
    ],
)
def landed_vendors(
    home: HomeResource,
    exclusive_run: ExclusiveRun,  # held from here to the end of the run
) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Load the exports of every vendor."""
    home.home.prepare()
    summary = ingest(home.home, home.landing_folder, list(ENTITIES), tell)
    for entity in ENTITIES:
        yield dg.MaterializeResult(
            asset_key=_entity_key(entity), metadata=_metadata(summary.datasets[entity])
        )


landing_assets = [*(_landing_asset(dataset) for dataset in DATASETS), landed_vendors]
