"""The mutation check itself: on a project of one model and one unit test, and on the catalogue."""

import shutil
from pathlib import Path

import pytest

import tests.mutants.__main__
from tests.mutants.__main__ import problems, recorded, table
from tests.mutants.catalogue import Mutant, MutantError, read_catalogue
from tests.mutants.judge import judged, killer_of, rounds
from tests.mutants.project import NO_SQL, ProjectCopy
from tests.support.warehouse import PROJECT, Nodes, compiled_nodes

MODEL = "dbt_project/models/doubled.sql"
FILES = {
    "dbt_project.yml": """
name: tiny
profile: tiny
model-paths: [dbt_project/models]
flags: {send_anonymous_usage_stats: false}
""",
    "profiles.yml": """
tiny:
  target: duckdb
  outputs:
    duckdb: {type: duckdb, path: "{{ env_var('SCOREHOUSE_HOME') }}/warehouse.duckdb"}
""",
    "dbt_project/models/given.sql": "select 1 as n",
    MODEL: "select 2 * n as twice from {{ ref('given') }}",
    "dbt_project/models/doubled.yml": """
unit_tests:
  - name: three_is_six
    model: doubled
    given: [{input: ref('given'), rows: [{n: 3}]}]
    expect: {rows: [{twice: 6}]}
""",
}


def mutant(by: str, replace: str = "2 * n", **more: object) -> Mutant:
    return Mutant(MODEL, f"as {by}", "the double", replace, by, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    folder = tmp_path_factory.mktemp("tiny")
    for name, text in FILES.items():
        path = folder / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    patch = pytest.MonkeyPatch()
    # ProjectCopy points these at its own home.
    for name in (
        "SCOREHOUSE_HOME",
        "SCOREHOUSE_AS_OF",
        "SCOREHOUSE_CLOSE_MONTH",
        "SCOREHOUSE_KEPT_FROM",
    ):
        patch.setenv(name, "")
    try:
        yield ProjectCopy(folder / "copy", folder / "source")
    finally:
        patch.undo()


def no_scenario(_nodes: Nodes, _root: Path) -> None:
    return None


def test_what_notices_and_what_survives(tiny: ProjectCopy) -> None:
    mutants = [mutant("3 * n"), mutant("n + n"), mutant("4 * n"), mutant("2 *")]
    outcomes = list(judged(tiny, mutants, no_scenario))
    by_unit_test = "unit test three_is_six"
    assert [noticed for _, noticed in outcomes[:3]] == [by_unit_test, None, by_unit_test]
    assert str(outcomes[3][1]).startswith(NO_SQL)
    survivor, invalid = problems(outcomes)
    assert survivor.startswith("survives: as n + n")
    assert invalid.startswith("cannot be judged: as 2 *")
    assert "| as n + n | `doubled` | the double | **nothing** |" in table(outcomes)
    assert (tiny.root / MODEL).read_text() == FILES[MODEL]


def test_a_text_that_is_not_there_is_an_error(tiny: ProjectCopy) -> None:
    with pytest.raises(MutantError, match=r"has '5 \* n' 0 times, not 1"):
        list(judged(tiny, [mutant("3 * n", replace="5 * n")], no_scenario))
    with pytest.raises(MutantError, match="2 times, not 1"):
        mutant("x", replace="n").applied_to("n + n")
    with pytest.raises(MutantError, match="there is no file"):
        list(judged(tiny, [Mutant("nowhere.sql", "m", "b", "r", "b")], no_scenario))


def test_a_mutant_that_is_said_to_change_nothing_must_survive() -> None:
    equivalent = mutant("n + n", equivalent="twice is twice")
    assert problems([(equivalent, None)]) == []
    assert problems([(equivalent, "unit test x")]) == [
        "not equivalent: as n + n: unit test x fails"
    ]
    assert "changes no figure: twice is twice" in table([(equivalent, None)])


def test_the_table_says_what_was_judged_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = tmp_path / "mutants.md"
    monkeypatch.setattr(tests.mutants.__main__, "TABLE", written)
    equivalent = mutant("n + n", equivalent="twice is twice")
    written.write_text(
        table([(mutant("3 * n"), "unit test x"), (mutant("4 * n"), None), (equivalent, None)])
    )
    found = recorded()
    names = ("as 3 * n", "as 4 * n", "as n + n")
    assert [found[name] for name in names] == ["unit test x", None, None]


def test_a_broken_table_function_is_noticed_by_its_tests(compiled: Path) -> None:
    nodes = compiled_nodes(compiled)
    key = "model.scorehouse.queue_figures"
    sql = nodes[key]["compiled_code"]
    end = "and cast(ends_on as date)"
    assert sql.count(end) == 1

    def noticed(broken: str) -> str | None:
        return killer_of(["queue_figures"], "dbt_project/models/functions/queue_figures.sql")(
            nodes | {key: nodes[key] | {"compiled_code": broken}}, PROJECT
        )

    assert noticed(sql) is None
    assert noticed(sql.replace(end, f"{end} - 1")) == "test_queues_of_any_period"
    assert str(noticed("select nothing")).startswith(NO_SQL)


def test_a_broken_data_test_is_noticed_where_days_were_purged(compiled: Path) -> None:
    nodes = compiled_nodes(compiled)
    (key,) = (key for key in nodes if key.startswith("test.scorehouse.events_sum_to_agent_days"))
    sql = nodes[key]["compiled_code"]
    condition = "and context.kept_from is null"
    assert sql.count(condition) == 1
    broken = nodes | {key: nodes[key] | {"compiled_code": sql.replace(condition, "")}}
    noticed = killer_of([], str(nodes[key]["original_file_path"]))(broken, PROJECT)
    assert noticed == "identity events_sum_to_agent_days of purged days"


def test_a_broken_table_of_rules_is_noticed_by_the_reference(
    compiled: Path, tmp_path: Path
) -> None:
    file = Path("dbt_project/seeds/skill_levels.csv")
    shutil.copytree(PROJECT / file.parent, tmp_path / file.parent)
    nodes = compiled_nodes(compiled)
    killer = killer_of([], str(file))
    assert killer(nodes, tmp_path) is None
    table = (tmp_path / file).read_text()
    (tmp_path / file).write_text(table.replace("expert,1.10", "expert,1.05"))
    assert killer(nodes, tmp_path) == "reference of agent_performance_month"


def test_mutants_of_one_model_are_judged_one_after_another() -> None:
    first, second = mutant("1"), mutant("2")
    other = Mutant("dbt_project/models/other.sql", "o", "b", "r", "b")
    macro = Mutant("dbt_project/macros/m.sql", "m", "b", "r", "b")
    assert rounds([first, macro, second, other]) == [[first, other], [second], [macro]]


def test_the_catalogue_fits_the_models() -> None:
    for one in read_catalogue():
        one.applied_to((PROJECT / one.file).read_text())


@pytest.mark.parametrize(
    ("fields", "message"),
    [("name: a, replace: x, by: y, breaks: z, kills: w", "unknown fields"), ("name: b", "b: missing")],
)  # fmt: skip
def test_a_mutant_that_is_not_well_formed_is_an_error(
    tmp_path: Path, fields: str, message: str
) -> None:
    (tmp_path / "x.yml").write_text(f"- file: f\n  mutants: [{{{fields}}}]\n")
    with pytest.raises(MutantError, match=message):
        read_catalogue(tmp_path)


def test_two_mutants_of_one_name_are_an_error(tmp_path: Path) -> None:
    one = "{name: a, replace: x, by: y, breaks: z}"
    (tmp_path / "x.yml").write_text(f"- file: f\n  mutants: [{one}, {one}]\n")
    with pytest.raises(MutantError, match="two mutants have this name"):
        read_catalogue(tmp_path)
