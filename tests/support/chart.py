"""The few template actions that the chart uses, for there is no Helm where the tests run."""

import re
from pathlib import Path
from typing import Any

import yaml

RELEASE = "centre"
_ACTION = re.compile(r"\{\{(-?)\s*(.*?)\s*\}\}")
_VALUE = re.compile(r"\.Values((?:\.\w+)+)")
_BLOCK = re.compile(r"toYaml \.Values((?:\.\w+)+) \| nindent (\d+)")


def rendered(chart: Path, changed: dict[str, Any] | None = None) -> dict[str, list[dict[str, Any]]]:
    """Objects of each template, with the chart's own values and those that are changed.

    Raises:
        ValueError: a template uses an action that is not known here, or a value that there is not.
    """
    values = {**yaml.safe_load((chart / "values.yaml").read_text()), **(changed or {})}
    return {
        template.name: list(yaml.safe_load_all(_render(template, values)))
        for template in sorted((chart / "templates").glob("*.yaml"))
    }


def _render(template: Path, values: dict[str, Any]) -> str:
    def act(found: re.Match[str]) -> str:
        trims, action = found.groups()
        block, value = _BLOCK.fullmatch(action), _VALUE.fullmatch(action)
        if action == ".Release.Name":
            return RELEASE
        if value and not trims:
            said = _look(values, value[1], template)
            if not isinstance(said, str):
                raise ValueError(f"{template.name}: {action} is no text")
            return said
        if block and trims:
            text = yaml.safe_dump(_look(values, block[1], template)).rstrip()
            return "\n" + "\n".join(" " * int(block[2]) + line for line in text.splitlines())
        raise ValueError(f"{template.name}: '{found[0]}' is not known here")

    # What `{{-` trims: the line's indentation and the end of the line before.
    text = re.sub(r"\s*(?=\{\{-)", "", template.read_text())
    return _ACTION.sub(act, text)


def _look(values: dict[str, Any], path: str, template: Path) -> Any:
    found: Any = values
    for name in path.strip(".").split("."):
        if name not in found:
            raise ValueError(f"{template.name}: there is no value {path}")
        found = found[name]
    return found
