"""Write, audit, publish, as assets: the checks on the candidate stand between the build and everything after it."""

import dagster as dg

from ingestion import read_scan, rejected_share, stores
from orchestration import audiences, publication, server
from orchestration.instance import WRITER_POOL
from orchestration.progress import tell
from orchestration.project import MANIFEST
from orchestration.resources import ExclusiveRun, HomeResource, publish_address
from orchestration.run_settings import settings_of

CANDIDATE = dg.AssetKey("published_candidate")


def make_publication_assets() -> list[dg.AssetsDefinition]:
    """The candidate database, the published ones that it becomes, and the marts on a server."""
    marts = publication.interface(MANIFEST)

    @dg.asset(
        key=CANDIDATE,
        deps=[dg.AssetKey(["marts", mart.name]) for mart in marts],
        group_name="publication",
        kinds={"duckdb"},
        pool=WRITER_POOL,
    )
    def published_candidate(
        context: dg.AssetExecutionContext, home: HomeResource, exclusive_run: ExclusiveRun
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """The marts as they would be published, in a database aside."""
        tell("writing the candidate database")
        written = publication.write_candidate(home.home, marts)
        month = settings_of(context).month
        if month:
            publication.require_figures(home.home, month)
        return dg.MaterializeResult(metadata={"as_of": written.as_of.isoformat()})

    @dg.asset(
        deps=[CANDIDATE, "performance_record"],
        group_name="publication",
        kinds={"duckdb"},
        pool=WRITER_POOL,
    )
    def published_database(home: HomeResource, exclusive_run: ExclusiveRun) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """The databases that readers open, each swapped in whole: all of it, and one for every audience."""
        changed = publication.swap_in(home.home)
        tell("published" if changed else "nothing changed: the published database stays as it is")
        made = audiences.publish(home.home, marts, home.pseudonym_key())
        stores.push(home.home, "published")
        if made:
            tell(f"published for their audiences: {', '.join(file.stem for file in made)}")
        return dg.MaterializeResult(metadata={"changed": changed, "audiences": len(made)})

    @dg.asset(deps=["published_database"], group_name="publication", kinds={"postgres"})
    def published_to_server(home: HomeResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """The marts on a PostgreSQL server, with who may read which rows; nothing where no server is named."""
        address = publish_address()
        changed = address is not None and server.publish(home.home, marts, address)
        if address is not None:
            tell(
                f"published to {address.shown}"
                if changed
                else f"nothing changed on {address.shown}"
            )
        return dg.MaterializeResult(metadata={"changed": changed})

    return [published_candidate, published_database, published_to_server]


@dg.asset_check(asset=CANDIDATE, blocking=True)
def rejected_rows_within_limit(home: HomeResource) -> dg.AssetCheckResult:
    """Stop before publishing when more than the allowed share of a dataset's new rows was rejected.

    New is what no publication has seen yet and still lies in the landing folder: whoever mends the file in place
    goes on, and whoever merely runs again is stopped again.
    """
    after = publication.published_load_sequence(home.home)
    scan = read_scan(home.home)
    shares = rejected_share(home.home, scan, after) if scan else {}
    excess = [
        f"{dataset}: {share.rows_rejected} of {share.rows_read} rows rejected"
        f" ({share.share:.1%}, limit {home.max_reject_share:.1%}), most in {share.worst_file};"
        f" the reasons are in {share.worst_quarantine}"
        for dataset, share in shares.items()
        if share.share > home.max_reject_share
    ]
    return dg.AssetCheckResult(
        passed=not excess,
        description="; ".join(excess) or "within the limit",
        metadata={"after_load": after},
    )


@dg.asset_check(asset=CANDIDATE, blocking=True)
def candidate_equals_warehouse(home: HomeResource) -> dg.AssetCheckResult:
    """Every mart of the candidate is, row for row, what the warehouse holds, and every function asks the same."""
    differing = publication.differing_marts(home.home, publication.interface(MANIFEST))
    return dg.AssetCheckResult(
        passed=not differing, description=f"differing marts: {', '.join(differing) or 'none'}"
    )


publication_checks = [rejected_rows_within_limit, candidate_equals_warehouse]
