"""What the dictionary says, taken from dbt's manifest and catalog."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from docs.dictionary.lineage import ROWS, Column, all_lineage, origins
from docs.dictionary.sources import Source, vendors
from ingestion import DATASETS, ENTITIES, Load
from ingestion.home import raw_columns

SCHEMAS = ("staging", "intermediate", "kept", "marts")
"""What the page shows; kept: intermediate models that the next build goes by."""


@dataclass(frozen=True)
class Field:
    """A column: where it comes from directly, and at last (landing columns, seeds, the run), and what is made of it."""

    name: str
    type: str
    description: str
    tests: tuple[str, ...]
    sources: tuple[Column, ...]
    origins: tuple[Column, ...]
    goes_into: tuple[Column, ...]


@dataclass(frozen=True)
class Origin:
    """A column where lineage begins, and the columns of marts that come of it at last."""

    column: Column
    reaches: tuple[Column, ...]


@dataclass(frozen=True)
class Model:
    """A model with its columns. `readers` are the reports and messages made of it.

    `parameters`: of a table function, as declared; a table has none.
    """

    name: str
    schema: str
    description: str
    group: str
    owner: str
    owner_email: str
    grain: tuple[str, ...]
    parameters: tuple[str, ...]
    tests: tuple[str, ...]
    readers: tuple[str, ...]
    fields: tuple[Field, ...]

    @property
    def table(self) -> str:
        """`schema.name`."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Contents:
    """The marts by name, the models that they are made of (staging, then intermediate), where lineage begins, and the
    vendors whose exports are read."""

    marts: tuple[Model, ...]
    others: tuple[Model, ...]
    origins: tuple[Origin, ...]
    sources: tuple[Source, ...]


def contents(manifest: Mapping[str, Any], catalog: Mapping[str, Any]) -> Contents:
    """Everything the page shows.

    Raises KeyError when the catalog lacks a model of the manifest: they must be of one build.
    """
    tables = _tables(catalog) | _table_functions(manifest)
    lineage = all_lineage(manifest, tables)
    targets: dict[Column, set[Column]] = {}
    for (table, name), sources in lineage.items():
        # Rows that are counted are the column `*`, and nobody's own; what finds raw rows again is no figure.
        if name != ROWS and table.partition(".")[0] in SCHEMAS:
            for source in sources:
                targets.setdefault(source, set()).add((table, name))
    models = [
        _model(node, manifest, tables, lineage, targets)
        for node in manifest["nodes"].values()
        # An ephemeral model is no table: it is a part of the models that read it.
        if node["resource_type"] == "model" and node["config"]["materialized"] != "ephemeral"
    ]
    models.sort(key=lambda model: model.name)
    staging, intermediate, kept, marts = (
        tuple(model for model in models if model.schema == schema) for schema in SCHEMAS
    )
    return Contents(
        marts,
        staging + intermediate + kept,
        _origins(marts),
        vendors(manifest, tables, lineage, [mart.table for mart in marts]),
    )


def _origins(marts: tuple[Model, ...]) -> tuple[Origin, ...]:
    reached: dict[Column, set[Column]] = {}
    for mart in marts:
        for field in mart.fields:
            for origin in field.origins:
                reached.setdefault(origin, set()).add((mart.table, field.name))
    return tuple(Origin(column, tuple(sorted(reached[column]))) for column in sorted(reached))


def coverage(manifest: Mapping[str, Any]) -> list[str]:
    """One line per layer: how many models and columns are described, and how many columns typed."""
    lines = []
    for layer in reversed(SCHEMAS):
        nodes = [
            node
            for node in manifest["nodes"].values()
            if node["resource_type"] == "model" and node["schema"] == layer
        ]
        columns = [column for node in nodes for column in node["columns"].values()]
        lines.append(
            f"{layer}: {sum(bool(node['description']) for node in nodes)} of {len(nodes)} models"
            f" and {sum(bool(column['description']) for column in columns)} of {len(columns)}"
            f" columns described, {sum(bool(column['data_type']) for column in columns)} typed"
        )
    return lines


def _tables(catalog: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Columns and types of everything a model may read."""
    found = {
        f"{node['metadata']['schema']}.{node['metadata']['name']}": {
            name: column["type"] for name, column in node["columns"].items()
        }
        for node in catalog["nodes"].values()
    }
    for name, dataset in DATASETS.items():
        found[f"landing.{name}"] = dict(raw_columns(dataset))
    for name, entity in ENTITIES.items():
        found[f"landing.{name.replace('/', '_')}"] = dict(raw_columns(entity.dataset))
    found["records.loads"] = {column.name: "unknown" for column in fields(Load)}
    return found


def _table_functions(manifest: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Columns and types of what the table functions return, as declared: the database has no catalog of them."""
    return {
        f"{node['schema']}.{node['name']}": {
            name: column["data_type"] for name, column in node["columns"].items()
        }
        for node in manifest["nodes"].values()
        if node["config"].get("materialized") == "table_function"
    }


def _model(
    node: Mapping[str, Any],
    manifest: Mapping[str, Any],
    tables: Mapping[str, Mapping[str, str]],
    lineage: Mapping[Column, set[Column]],
    targets: Mapping[Column, set[Column]],
) -> Model:
    group = manifest["groups"][f"group.{node['package_name']}.{node['group']}"]
    table = f"{node['schema']}.{node['name']}"
    tests = _tests(manifest, node["unique_id"])
    return Model(
        name=node["name"],
        schema=node["schema"],
        description=node["description"],
        group=group["name"],
        owner=group["owner"]["name"],
        owner_email=group["owner"]["email"],
        grain=tuple(node["config"]["meta"].get("grain", ())),
        parameters=tuple(node["config"].get("parameters") or ()),
        tests=tests.get(None, ()),
        readers=tuple(
            sorted(
                exposure["label"]
                for exposure in manifest["exposures"].values()
                if node["unique_id"] in exposure["depends_on"]["nodes"]
            )
        ),
        fields=tuple(
            Field(
                name=name,
                type=type_,
                description=node["columns"].get(name, {}).get("description", ""),
                tests=tests.get(name, ()),
                sources=tuple(sorted(lineage[table, name])),
                origins=tuple(sorted(origins(lineage, (table, name)))),
                goes_into=tuple(sorted(targets.get((table, name), ()))),
            )
            for name, type_ in tables[table].items()
        ),
    )


def _tests(manifest: Mapping[str, Any], unique_id: str) -> dict[str | None, tuple[str, ...]]:
    """The tests of a model's columns, in words; under None those of the model as a whole."""
    found: dict[str | None, list[str]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and unique_id in node["depends_on"]["nodes"]:
            of_this = node.get("attached_node") in (unique_id, None)
            if of_this:
                found.setdefault(node.get("column_name"), []).append(_in_words(node))
    return {column: tuple(sorted(tests)) for column, tests in found.items()}


def _in_words(node: Mapping[str, Any]) -> str:
    metadata = node.get("test_metadata")
    if metadata is None:
        return str(node["name"]).replace("_", " ")
    arguments = metadata["kwargs"]
    match metadata["name"]:
        case "accepted_values":
            words = "one of " + ", ".join(map(str, arguments["values"]))
        case "relationships":
            words = f"known in {arguments['to'].split(chr(39))[1]}.{arguments['field']}"
        case "unique_grain":
            words = "one row per " + ", ".join(arguments["columns"])
        case other:
            words = other.replace("_", " ")
    return f"{words} (warns)" if node["config"]["severity"].lower() == "warn" else words
