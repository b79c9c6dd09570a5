"""`python -m tests.mutants [NAME …]`: judge every mutant, or those named, and write docs/mutants.md.

Of the mutants that are not named the table keeps what it says.
"""

import sys
import tempfile
from pathlib import Path

from tests.mutants.catalogue import Mutant, MutantError, read_catalogue
from tests.mutants.judge import function_killer, judged, scenario_killer
from tests.mutants.project import NO_SQL, ProjectCopy
from tests.support.warehouse import PROJECT

TABLE = PROJECT / "docs/mutants.md"
SURVIVES = "**nothing**"


def problems(outcomes: list[tuple[Mutant, str | None]]) -> list[str]:
    """One line per mutant that should have been noticed and was not, or the other way round."""
    lines = []
    for mutant, noticed in outcomes:
        if noticed is not None and noticed.startswith(NO_SQL):
            lines.append(f"cannot be judged: {mutant.name}: {noticed}")
        elif noticed is None and mutant.equivalent is None:
            lines.append(f"survives: {mutant.name} ({mutant.breaks}): write the test that fails")
        elif noticed is not None and mutant.equivalent is not None:
            lines.append(f"not equivalent: {mutant.name}: {noticed} fails")
    return lines


def table(outcomes: list[tuple[Mutant, str | None]]) -> str:
    """The outcome as Markdown: a function of the catalogue, the models and the tests alone."""
    noticed = sum(killed is not None for _, killed in outcomes)
    equivalent = [mutant for mutant, _ in outcomes if mutant.equivalent]
    lines = [
        "# Mutants",
        "",
        "Written by `make mutants`, which breaks the SQL in one way at a time (tests/mutants/catalogue) and looks for",
        "a test that fails: a unit test of the model, else the slow reference or an identity over hostile scenarios;",
        "for a table function, which has no unit tests, a test of tests/models/test_table_functions.py;",
        "for a data test, itself over scenarios whose first days were purged.",
        "",
        f"{len(outcomes)} mutants: {noticed} noticed, {len(equivalent)} that change no figure,"
        f" {len(outcomes) - noticed - len(equivalent)} unnoticed.",
        "",
        "| mutant | file | what it breaks | noticed by |",
        "|---|---|---|---|",
    ]
    for mutant, killed in outcomes:
        by = killed or (mutant.equivalent and f"changes no figure: {mutant.equivalent}") or SURVIVES
        lines.append(f"| {mutant.name} | `{Path(mutant.file).stem}` | {mutant.breaks} | {by} |")
    return "\n".join(lines) + "\n"


def recorded() -> dict[str, str | None]:
    """Mutant → what noticed it, as the table says that was written last."""
    rows = (line.strip("| ").split(" | ") for line in TABLE.read_text().splitlines())
    # Of a mutant that changes no figure there is a reason, and no test.
    return {
        row[0]: None if row[3] == SURVIVES or row[3].startswith("changes no figure") else row[3]
        for row in rows
        if len(row) == 4
    }


def check_baseline(project: ProjectCopy) -> None:
    """Without a mutant no test may fail, or a failing test would say nothing."""
    failed = (
        project.failed_unit_tests(None)
        or scenario_killer(project.nodes, project.root)
        or function_killer(project.nodes)
    )
    if failed:
        raise MutantError(f"a test fails without any mutant: {failed}")


def main(names: list[str]) -> int:
    """0: every mutant was noticed; 1: one was not, or cannot be judged."""
    try:
        mutants = [one for one in read_catalogue() if not names or one.name in names]
        with tempfile.TemporaryDirectory() as folder:
            project = ProjectCopy(Path(folder))
            check_baseline(project)
            found = {}
            for mutant, noticed in judged(project, mutants):
                found[mutant.name] = noticed
                print(f"{mutant.name}: {noticed or 'SURVIVES'}", flush=True)
            outcomes = [(mutant, found[mutant.name]) for mutant in mutants]
    except MutantError as error:
        print(error, file=sys.stderr)
        return 1
    known = recorded() | found if names else found
    everything = [
        (mutant, known[mutant.name]) for mutant in read_catalogue() if mutant.name in known
    ]
    if len(everything) == len(read_catalogue()):
        TABLE.write_text(table(everything))
    else:
        print("docs/mutants.md is as it was: it lacks other mutants too", file=sys.stderr)
    lines = problems(outcomes)
    print("\n".join(lines), file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
