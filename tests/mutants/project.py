"""A copy of the dbt project that may be broken, and dbt on it, in this process."""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from dbt.artifacts.schemas.results import NodeStatus
from dbt.cli.main import dbtRunner, dbtRunnerResult

from ingestion import Home
from tests.mutants.catalogue import Mutant, MutantError
from tests.support.warehouse import PROJECT, Nodes

NO_SQL = "no SQL"
_PARTS = ("dbt_project", "dbt_project.yml", "profiles.yml")


class ProjectCopy:
    """The dbt project in a folder of its own, with every model built on an empty home.

    Mutants of different models may be in force together: a unit test gives its model the parents' rows, and what a
    model compiles to does not depend on other models. A macro or a project variable is broken alone.
    """

    def __init__(self, folder: Path, source: Path = PROJECT) -> None:
        self.root = folder / "project"
        self.root.mkdir(parents=True)
        for part in _PARTS:
            copy = shutil.copytree if (source / part).is_dir() else shutil.copy
            copy(source / part, self.root / part)
        home = Home(folder / "home")
        home.prepare()
        os.environ["SCOREHOUSE_HOME"] = str(home.root)
        os.environ["SCOREHOUSE_AS_OF"] = "2026-01-01T00:00:00Z"
        os.environ["SCOREHOUSE_CLOSE_MONTH"] = ""
        os.environ["SCOREHOUSE_KEPT_FROM"] = ""
        self._originals: dict[Path, str] = {}
        self._dbt("build", "--exclude-resource-type", "test", "unit_test")
        self._dbt("compile")
        manifest = json.loads((self.root / "target/manifest.json").read_bytes())
        self.nodes: Nodes = manifest["nodes"]
        self._macros: Nodes = manifest["macros"]
        self._unit_tests: Nodes = manifest["unit_tests"]

    def break_with(self, mutants: Iterable[Mutant]) -> None:
        """Put the copy in order, then break it in these ways, each in a file of its own."""
        self.mend()
        for mutant in mutants:
            path = self.root / mutant.file
            if not path.is_file():
                raise MutantError(f"{mutant.name}: there is no file {mutant.file}")
            original = path.read_text()
            path.write_text(mutant.applied_to(original))
            self._originals[path] = original

    def mend(self) -> None:
        """Put back what was broken last."""
        for path, original in self._originals.items():
            path.write_text(original)
        self._originals.clear()

    def affected(self, mutant: Mutant) -> list[str]:
        """Names of the models whose SQL the mutant's file makes."""
        macros = self._macros_of(mutant.file)
        return [
            node["name"]
            for node in self.nodes.values()
            if node["resource_type"] == "model"
            and (
                node["original_file_path"] == mutant.file
                or node["name"] in mutant.models
                or macros & set(node["depends_on"]["macros"])
            )
        ]

    def _macros_of(self, file: str) -> set[str]:
        """The macros of the file, and those that stand on them."""
        found: set[str] = set()
        more = {key for key, node in self._macros.items() if node["original_file_path"] == file}
        while more:
            found |= more
            more = {
                key
                for key, macro in self._macros.items()
                if key not in found and more & set(macro["depends_on"]["macros"])
            }
        return found

    def failed_unit_tests(self, models: Iterable[str] | None) -> dict[str, list[str]]:
        """Model → its unit tests that fail, of the models (None: of every model).

        A test that cannot even run begins with NO_SQL: that says nothing about what it tests.
        """
        select = ["test_type:unit"] if models is None else _of(models, ",test_type:unit")
        failed: dict[str, list[str]] = {}
        tested = {test["name"]: test["model"] for test in self._unit_tests.values()}
        if not select:
            return failed
        for result in self._dbt("test", "--select", *select, may_fail=True).result.results:  # type: ignore[union-attr]
            if result.node.name not in tested:
                # What a run begins with is no test.
                continue
            if result.status == NodeStatus.Error:
                reason = f"{NO_SQL}: {result.message}"
                failed.setdefault(tested[result.node.name], []).append(reason)
            elif result.status != NodeStatus.Pass:
                failed.setdefault(tested[result.node.name], []).append(
                    f"unit test {result.node.name}"
                )
        return failed

    def compiled(self, models: Iterable[str]) -> dict[str, str]:
        """Id → SQL, as it is now, of the models and of the singular tests."""
        select = [*models, "test_type:singular"]
        results = self._dbt("compile", "--select", *select).result.results  # type: ignore[union-attr]
        return {result.node.unique_id: result.node.compiled_code for result in results}

    def with_sql(self, sql: Mapping[str, str]) -> Nodes:
        """The project's nodes, some of them with another SQL."""
        return {
            key: node | {"compiled_code": sql[key]} if key in sql else node
            for key, node in self.nodes.items()
        }

    def _dbt(self, *arguments: str, may_fail: bool = False) -> dbtRunnerResult:
        common = ["--project-dir", str(self.root), "--profiles-dir", str(self.root)]
        silent = ["--log-level", "none", "--log-level-file", "none", "--no-use-colors"]
        finished = dbtRunner().invoke([*silent, *arguments, *common])
        if finished.exception is not None or not (finished.success or may_fail):
            raise MutantError(f"dbt {arguments[0]}: {finished.exception or finished.result}")
        return finished


def _of(models: Iterable[str], condition: str) -> list[str]:
    return [f"{name}{condition}" for name in models]
