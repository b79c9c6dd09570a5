"""What a wrong suite is told: the file, the rule and what would be right."""

import shutil
from pathlib import Path

import pytest

from ingestion import UnusableInput
from orchestration.quality.suites import (
    SUITES,
    Rule,
    cause,
    landed_columns,
    load_suites,
    suites_version,
)

RULE = """\
  - name: {name}
    expectation: {expectation}
    with: {options}
    severity: {severity}
    reason: {reason}
"""
RIGHT = {
    "name": "one",
    "expectation": "expect_column_values_to_not_be_null",
    "options": "{column: kind}",
    "severity": "warn",
    "reason": "Because.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SUITES, tmp_path / "suites"))


def write(folder: Path, head: str = "", **changed: str) -> None:
    text = f"about: tickets\n{head}rules:\n{RULE.format(**{**RIGHT, **changed})}"
    (folder / "landed" / "tickets.yml").write_text(text)


def test_a_right_suite_is_read(folder: Path) -> None:
    write(folder, head="happened: created_at\nflags:\n  is_odd: ticket_id = 'x'\n")
    suite = next(
        s for s in load_suites("landed", landed_columns(), folder) if s.subject == "tickets"
    )
    assert [rule.name for rule in suite.rules][-1] == "one"
    assert "columns_are_there" in [rule.name for rule in suite.rules]
    assert suite.flags == {"is_odd": "ticket_id = 'x'"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"expectation": "expect_luck"}, "rule one: there is no expectation 'expect_luck'; there are expect_"),
        ({"options": "{column: kinds}"}, "rule one: there is no column 'kinds'; there are agent_id,"),
        ({"options": "{column: kind, mosty: 1}"}, "rule one: there is no key 'mosty'; there are column, mostly"),
        ({"options": "{}"}, "rule one: expect_column_values_to_not_be_null needs `column`"),
        ({"severity": "fatal"}, "rule one: severity is stop or warn, not 'fatal'"),
        ({"reason": "''"}, "rule one: a sentence `reason` says why"),
        ({"name": "One!"}, "every rule has a name of lower-case letters, digits and _, not 'One!'"),
        (
            {"expectation": "expect_column_max_to_be_between", "options": "{column: kind, max_value: 1}"},
            "rule one: there is no measure 'kind'; there are columns_missing,",
        ),
        (
            {"expectation": "expect_column_values_to_be_between"},
            "rule one: expect_column_values_to_be_between needs `min_value`, `max_value` or both",
        ),
        (
            {"expectation": "unexpected_rows_expectation", "options": "{unexpected_rows_query: select 1}"},
            "rule one: unexpected_rows_query is `select * from {batch} where` and a condition",
        ),
        ({"head": "happend: created_at\n"}, "the suite: there is no key 'happend'; there are about,"),
        ({"head": "happened: made_at\n"}, "happened: there is no column 'made_at'"),
    ],
)  # fmt: skip
def test_a_wrong_suite_is_told_in_one_line(
    folder: Path, changed: dict[str, str], said: str
) -> None:
    write(folder, **changed)
    with pytest.raises(UnusableInput) as caught:
        load_suites("landed", landed_columns(), folder)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{folder / 'landed' / 'tickets.yml'}: ")
    assert "\n" not in str(caught.value)


def test_a_name_is_taken_once_and_every_dataset_has_a_suite(folder: Path) -> None:
    file = folder / "landed" / "tickets.yml"
    file.write_text("about: x\nrules:\n" + RULE.format(**RIGHT) * 2)
    with pytest.raises(UnusableInput, match="rule one: this name is taken"):
        load_suites("landed", landed_columns(), folder)
    file.unlink()
    with pytest.raises(UnusableInput, match=r"tickets has no suite: add tickets\.yml"):
        load_suites("landed", landed_columns(), folder)
    (folder / "landed" / "ticket.yml").write_text("rules: []\n")
    with pytest.raises(UnusableInput, match="there is no dataset 'ticket'"):
        load_suites("landed", landed_columns(), folder)


def test_a_file_that_is_no_yaml_is_named(folder: Path) -> None:
    (folder / "landed" / "tickets.yml").write_text("rules: [\n")
    with pytest.raises(UnusableInput, match=r"tickets\.yml is no YAML"):
        load_suites("landed", landed_columns(), folder)


def test_a_rule_of_the_dataset_takes_the_place_of_the_one_for_all(folder: Path) -> None:
    write(
        folder,
        name="few_rows_come_twice",
        expectation="expect_column_max_to_be_between",
        options="{column: repeated_key_share, max_value: 0.9}",
    )
    suite = next(
        s for s in load_suites("landed", landed_columns(), folder) if s.subject == "tickets"
    )
    (rule,) = (rule for rule in suite.rules if rule.name == "few_rows_come_twice")
    assert rule.threshold == "at most 0.9"


def test_another_rule_is_another_version(folder: Path) -> None:
    before = suites_version(folder)
    assert before == suites_version(SUITES)
    write(folder)
    assert suites_version(folder) != before


@pytest.mark.parametrize(
    ("expectation", "options", "threshold", "failing"),
    [
        ("expect_column_values_to_not_be_null", {"column": "a", "mostly": 0.9},
         "a has a value: 90 % of the rows or more", '"a" is null'),
        ("expect_column_values_to_be_between", {"column": "a", "min_value": 0, "max_value": 5},
         "a between 0 and 5: every row", '"a" < 0 or "a" > 5'),
        ("expect_column_values_to_be_in_set", {"column": "a", "value_set": [True]},
         "a is true: every row", '"a" not in (true)'),
        ("expect_column_values_to_be_in_set", {"column": "a", "value_set": ["it's", "b"]},
         "a is it's or b: every row", """"a" not in ('it''s', 'b')"""),
        ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "a", "column_B": "b", "or_equal": True},
         "a is not before or below b: every row", '"a" < "b"'),
        ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "a", "column_B": "b"},
         "a is after or above b: every row", '"a" <= "b"'),
    ],
)  # fmt: skip
def test_a_threshold_in_words_and_the_rows_that_fail_it(
    expectation: str, options: dict[str, object], threshold: str, failing: str
) -> None:
    rule = Rule("r", expectation, options, "warn", "why")
    assert rule.threshold == threshold
    assert rule.failing(lambda name: f'"{name}"') == failing


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            'Binder Error: Referenced column "x" not found\n\nLINE 1: select x',
            'Binder Error: Referenced column "x" not found',
        ),
        (
            "Conversion Error: Could not convert string 'Ana Byron' to INT32",
            "Conversion Error in the data",
        ),
        ("Ana Byron", "it does not run"),
    ],
)
def test_why_a_query_does_not_run_is_told_without_a_value(message: str, told: str) -> None:
    assert cause(message) == told
