"""The parts and ratios of agents, as the macros that the models are made of declare them."""

from functools import cache
from typing import Any

from jinja2 import Environment

from tests.support.warehouse import PROJECT

_MACROS = PROJECT / "dbt_project" / "macros" / "agent_figures.sql"


def agent_parts() -> list[dict[str, str]]:
    """`name`, `dataset` and `type` of every part."""
    return _called("agent_parts")


def agent_ratios() -> list[dict[str, str]]:
    """`name`, `numerator` and `denominator` of every ratio."""
    return _called("agent_ratios")


@cache
def _called(macro: str) -> Any:
    returned: list[Any] = []
    environment = Environment(extensions=["jinja2.ext.do"], autoescape=False)
    # dbt's own `return` takes a value out of a macro; here it is put aside.
    environment.globals["return"] = returned.append
    getattr(environment.from_string(_MACROS.read_text()).module, macro)()
    return returned[0]
