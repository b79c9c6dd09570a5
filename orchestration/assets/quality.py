"""The quality gates as checks: one on every landed dataset before the models, one on the candidate before the swap.

What is looked at and what follows is decided in `orchestration.quality`. It is imported when a run gets here: the code
location does not wait for it.
"""

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from ingestion import DATASETS
from orchestration import publication
from orchestration.assets.publication import CANDIDATE
from orchestration.inputs import load_sequence
from orchestration.months import choose_as_of
from orchestration.progress import tell
from orchestration.project import MANIFEST
from orchestration.records import last_close
from orchestration.resources import HomeResource
from orchestration.run_settings import settings_of, started_at

if TYPE_CHECKING:
    from orchestration.quality.gate import Verdict

GATE = "quality_gate"
CANDIDATE_GATE = dg.AssetCheckKey(CANDIDATE, GATE)


def _as_of(context: dg.AssetCheckExecutionContext, home: HomeResource) -> dt.datetime:
    """The instant that the models will report at."""
    settings = settings_of(context)
    last = last_close(home.home, settings.month) if settings.month else None
    return choose_as_of(
        settings.as_of,
        started_at(context),
        (last.as_of, last.load_sequence) if last else None,
        load_sequence(home.home),
    )


def _result(verdict: "Verdict", key: dg.AssetKey, subject: str | None) -> dg.AssetCheckResult:
    """What a check says: the rules that stop, else those that warn, a line each."""
    stopped, warned = verdict.sentences("stopped", subject), verdict.sentences("warned", subject)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=GATE,
        passed=not stopped and not warned,
        severity=dg.AssetCheckSeverity.ERROR if stopped else dg.AssetCheckSeverity.WARN,
        description="\n".join(stopped or warned) or "all rules passed",
        metadata={"stopped": len(stopped), "warned": len(warned)},
    )


@dg.multi_asset_check(
    name="landed_quality",
    specs=[
        dg.AssetCheckSpec(GATE, asset=dg.AssetKey(["landing", dataset]), blocking=True)
        for dataset in DATASETS
    ],
)
def landed_quality(
    context: dg.AssetCheckExecutionContext, home: HomeResource
) -> Iterator[dg.AssetCheckResult]:
    """What landed, before a model sees it."""
    from orchestration.quality import gate

    verdict = gate.check_landed(home.home, _as_of(context, home), settings_of(context).month)
    if verdict.looked:
        tell(f"landed data against {len(verdict.results)} rules of quality")
    for dataset in DATASETS:
        yield _result(verdict, dg.AssetKey(["landing", dataset]), dataset)


@dg.asset_check(asset=CANDIDATE, name=GATE, blocking=True)
def candidate_quality(
    context: dg.AssetCheckExecutionContext, home: HomeResource
) -> dg.AssetCheckResult:
    """The marts that are about to be published."""
    from orchestration.quality import gate

    marts = publication.interface(MANIFEST)
    verdict = gate.check_candidate(home.home, marts, settings_of(context).month)
    if verdict.looked:
        tell(f"marts against {len(verdict.results)} rules of quality")
    return _result(verdict, CANDIDATE, None)


quality_checks = [landed_quality, candidate_quality]
