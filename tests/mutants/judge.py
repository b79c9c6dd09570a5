"""Who notices a mutant: the unit tests of the models it breaks, then hostile scenarios.

A scenario is built in memory from the broken SQL and compared with the slow reference, and every singular data test
looks at it; one that is broken itself looks at scenarios whose first days were purged. dbt has no unit tests for table
functions; pytest looks at those. The first test that fails is the answer.
"""

import inspect
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.models.test_models_agree_with_the_reference import EXAMPLES, SEED
from tests.mutants.catalogue import Mutant, MutantError
from tests.mutants.project import NO_SQL, ProjectCopy
from tests.oracle.strategies import Scenario, at_the_bounds, scenarios
from tests.support.agreement import Reference, disagreements
from tests.support.purged import middle_day
from tests.support.warehouse import (
    BROKEN_NODES,
    PROJECT,
    Nodes,
    broken_identities,
    build_models,
    identities_of,
    is_fed,
    is_table_function,
    models_of,
)

FUNCTION_TESTS = "tests/models/test_table_functions.py"
Killer = Callable[[Nodes, Path], str | None]


def judged(
    project: ProjectCopy, mutants: Sequence[Mutant], beyond: Killer | None = None
) -> Iterator[tuple[Mutant, str | None]]:
    """Each mutant with the first test that fails on it, None if all pass.

    What begins with NO_SQL is no test: the mutant leaves nothing that can be run.
    `beyond` is asked where the unit tests pass (default: hostile scenarios, and the tests of table functions).
    """
    for together in rounds(mutants):
        project.break_with(together)
        affected = {mutant.name: project.affected(mutant) for mutant in together}
        everything = sorted({name for names in affected.values() for name in names})
        failed = project.failed_unit_tests(everything)
        spared = [m for m in together if not any(name in failed for name in affected[m.name])]
        sql = project.compiled(everything) if spared else {}
        for mutant in together:
            tests = [test for name in affected[mutant.name] for test in failed.get(name, [])]
            if tests:
                yield mutant, max(tests)
            elif affected[mutant.name] and all(map(is_fed, affected[mutant.name])):
                yield mutant, None
            else:
                own = {
                    key: text for key, text in sql.items() if _belongs(key, affected[mutant.name])
                }
                killer = beyond or killer_of(affected[mutant.name], mutant.file)
                yield mutant, killer(project.with_sql(own), project.root)
    project.mend()


def _belongs(key: str, models: list[str]) -> bool:
    kind, _, name = key.split(".")[:3]
    return kind == "test" or name in models


def rounds(mutants: Sequence[Mutant]) -> list[list[Mutant]]:
    """Mutants that can be judged together: of different models; of anything else each alone."""
    shared: list[list[Mutant]] = []
    alone: list[list[Mutant]] = []
    turns: Counter[str] = Counter()
    for mutant in mutants:
        if not mutant.file.endswith(".sql") or "/models/" not in mutant.file:
            alone.append([mutant])
            continue
        if turns[mutant.file] == len(shared):
            shared.append([])
        shared[turns[mutant.file]].append(mutant)
        turns[mutant.file] += 1
    return shared + alone


def killer_of(models: Sequence[str], file: str) -> Killer:
    """Scenarios for seeds and the models that become tables, the tests of table functions for those that do not.

    A data test that is broken itself looks at scenarios whose first days were purged.
    """
    if file.startswith("dbt_project/tests/"):
        return purged_killer

    def killer(nodes: Nodes, root: Path) -> str | None:
        functions = {node["name"] for node in nodes.values() if is_table_function(node)}
        only_functions = bool(models) and functions.issuperset(models)
        noticed = None if only_functions else scenario_killer(nodes, root)
        broken = functions & set(models)
        return noticed or (function_killer(nodes, broken) if broken else None)

    return killer


def function_killer(nodes: Nodes, broken: Collection[str] = ()) -> str | None:
    """The test of the table functions that first fails, if any; those that name a broken one come first."""
    watch = _Watch(nodes, broken)
    options = ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore"]
    with redirect_stdout(StringIO()):
        ended = pytest.main([*options, str(PROJECT / FUNCTION_TESTS)], plugins=[watch])
    if ended not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise MutantError(f"{FUNCTION_TESTS} cannot be run: {watch.noticed or ended}")
    return watch.noticed


class _Watch:
    """Gives a run of pytest the nodes of a mutant, and keeps the first test that fails on them."""

    def __init__(self, nodes: Nodes, broken: Collection[str]) -> None:
        self.noticed: str | None = None
        self._nodes = nodes
        self._broken = broken

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[BROKEN_NODES] = self._nodes

    def pytest_collection_modifyitems(self, items: list[pytest.Function]) -> None:
        items.sort(key=lambda item: not self._names_a_broken_one(item))

    def _names_a_broken_one(self, item: pytest.Function) -> bool:
        text = item.nodeid + inspect.getsource(item.function)
        return any(
            f"{name}(" in text or f'"{name}"' in text or f"[{name}]" in text
            for name in self._broken
        )

    def pytest_exception_interact(self, node: pytest.Item, call: pytest.CallInfo[object]) -> None:
        error = call.excinfo.value if call.excinfo else None
        invalid = isinstance(error, duckdb.ParserException | duckdb.BinderException)
        self.noticed = f"{NO_SQL}: {error}" if invalid else node.name.partition("[")[0]


def scenario_killer(nodes: Nodes, root: Path) -> str | None:
    """The mart that first disagrees with the reference, or the identity that first breaks, if any."""
    models, identities = models_of(nodes, root), identities_of(nodes)
    for reference in references():
        try:
            marts = build_models(models, *reference.scenario)
        except duckdb.Error as error:
            return f"{NO_SQL}: {error}"
        try:
            for line in disagreements(marts, reference):
                return f"reference of {line.partition(':')[0]}"
            for line in broken_identities(marts, identities):
                return f"identity {line.partition(':')[0]}"
        finally:
            marts.close()
    return None


def purged_killer(nodes: Nodes, root: Path) -> str | None:
    """The identity that first takes what a purge left for a fault, if any."""
    models, identities = models_of(nodes, root), identities_of(nodes)
    for reference in references():
        first = middle_day(reference.scenario)
        try:
            marts = build_models(models, *reference.scenario, kept_from=first)
            for line in broken_identities(marts, identities):
                return f"identity {line.partition(':')[0]} of purged days"
            marts.close()
        except duckdb.Error as error:
            return f"{NO_SQL}: {error}"
    return None


@cache
def references() -> list[Reference]:
    """The scenarios of the property test, with what the reference says of them."""
    drawn = [Reference(at_the_bounds())]

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(scenario=scenarios())
    def draw(scenario: Scenario) -> None:
        drawn.append(Reference(scenario))

    draw()
    return drawn
