"""Great Expectations on DuckDB. It takes seconds to import, so only a run that has something to check does so."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.quality.suites import cause

# Said before the import: nothing is reported to anybody.
os.environ["GX_ANALYTICS_ENABLED"] = "false"


# Where one of two is missing there is nothing to compare.
_ALWAYS = {
    "expect_column_pair_values_a_to_be_greater_than_b": {"ignore_row_if": "either_value_is_missing"}
}


@dataclass(frozen=True)
class Question:
    """One expectation about one table. `key`: how the answer is found again."""

    key: tuple[str, str]
    expectation: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What Great Expectations says. `observed`: a single number, or None where rows are counted.

    `failing` and `looked_at`: rows. `error`: why it could not tell.
    """

    passed: bool
    observed: float | None = None
    failing: int | None = None
    looked_at: int | None = None
    error: str | None = None


def ask(
    database: Path, questions: Mapping[str, Sequence[Question]]
) -> dict[tuple[str, str], Answer]:
    """Validate each table of a database against its expectations, in one pass per table.

    database: a DuckDB file that nobody writes meanwhile; it is opened read-only and let go of.
    questions: by table of the schema `main`.
    """
    import great_expectations as gx
    import great_expectations.expectations as gxe
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from sqlalchemy.dialects import registry

    registry.register("duckdb", "orchestration.quality.dialect", "ReadOnlyDialect")
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    # What goes on to SQLAlchemy is not among the types of its signature.
    connection: dict[str, Any] = {
        "connection_string": f"duckdb:///{database}",
        "create_temp_table": False,
    }
    source = context.data_sources.add_sql("checked", **connection)
    answers: dict[tuple[str, str], Answer] = {}
    try:
        for table, asked in questions.items():
            asset = source.add_table_asset(table, table_name=table)
            batch = asset.add_batch_definition_whole_table("all").get_batch()
            suite = gx.ExpectationSuite(
                table,
                expectations=[
                    _class(gxe, question.expectation)(
                        **question.options,
                        **_ALWAYS.get(question.expectation, {}),
                        meta={"key": list(question.key)},
                    )
                    for question in asked
                ],
            )
            found = batch.validate(
                suite, result_format={"result_format": "BASIC", "partial_unexpected_count": 0}
            )
            for result in found.results:
                assert result.expectation_config is not None
                key = result.expectation_config.meta["key"]
                answers[key[0], key[1]] = _answer(result)
    finally:
        source.get_execution_engine().close()
        source.get_engine().dispose()
    return answers


def _class(expectations: Any, name: str) -> Any:
    """The class of an expectation: `expect_column_…` is `ExpectColumn…`."""
    return getattr(expectations, "".join(word.capitalize() for word in name.split("_")))


def _answer(result: Any) -> Answer:
    raised = result.exception_info or {}
    if "raised_exception" not in raised:
        # By metric, where one of several failed.
        raised = next((one for one in raised.values() if isinstance(one, Mapping)), {})
    if raised.get("raised_exception"):
        return Answer(passed=False, error=cause(str(raised.get("exception_message"))))
    said = result.result
    observed, failing = said.get("observed_value"), said.get("unexpected_count")
    if result.expectation_config.type == "unexpected_rows_expectation":
        observed, failing = None, observed
    return Answer(
        passed=bool(result.success),
        observed=None if observed is None else float(observed),
        failing=None if failing is None else int(failing),
        looked_at=said.get("element_count"),
    )
