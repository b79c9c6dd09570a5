"""What the dictionary says of each vendor: the fields that are read, what they feed, and what nothing of them feeds.

All of it is taken from the compiled SQL of the mappings, so that it cannot fall behind them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from docs.dictionary.lineage import (
    ROWS,
    Column,
    fields_read,
    fields_within,
    model_lineage,
    null_columns,
    origins,
)
from ingestion import DATASETS, ENTITIES
from ingestion.sources import SOURCES, Entity
from ingestion.sources.entities import PAYLOAD

_LANDED = "staging.stg_landing__"
_OF_NO_VENDOR = {"agents", "teams", "kpi_targets"}
_NUMBER = re.compile(r"(big|huge)?int|integer|double|decimal", re.IGNORECASE)


@dataclass(frozen=True)
class SourceField:
    """A field of a vendor's record: the columns of landing datasets that it feeds, and of marts that these reach.

    Without any, it only chooses, joins or orders rows. `payload` is the whole record.
    """

    name: str
    feeds: tuple[Column, ...]
    reaches: tuple[Column, ...]


@dataclass(frozen=True)
class SourceEntity:
    """What is read of one entity. `within`: paths into parts of a record, such as the items of a list.

    `table`: as lineage names it.
    """

    name: str
    table: str
    fields: tuple[SourceField, ...]
    within: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A vendor. `datasets`: those of the landing contract that it feeds.

    `never`: columns of these that the mapping sets to null. `beyond`: the numbers of marts that are made of landing
    columns, of which the vendor fills none; what a person's profile, the team and the targets give, no vendor has.
    """

    name: str
    entities: tuple[SourceEntity, ...]
    datasets: tuple[str, ...]
    never: tuple[Column, ...]
    beyond: tuple[Column, ...]


def vendors(
    manifest: Mapping[str, Any],
    tables: Mapping[str, Mapping[str, str]],
    lineage: Mapping[Column, set[Column]],
    marts: Iterable[str],
) -> tuple[Source, ...]:
    """Every vendor. marts: `schema.name` of what readers may query; lineage: of all models, as `all_lineage`."""
    nodes = {
        node["name"]: str(node["compiled_code"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    of_marts = {
        (mart, column): origins(lineage, (mart, column))
        for mart in marts
        for column in tables[mart]
    }
    of_landed = {
        (table, column): origins(lineage, (table, column))
        for table, column in lineage
        if table.startswith(_LANDED) and column in _columns_of(table.removeprefix(_LANDED))
    }
    needs = {
        (mart, column): needed
        for mart, column in of_marts
        if _NUMBER.match(tables[mart][column])
        and (needed := _needed(lineage, (mart, column)))
        and {table.removeprefix(_LANDED) for table, _ in needed} - _OF_NO_VENDOR
    }
    return tuple(_source(name, nodes, tables, of_marts, of_landed, needs) for name in SOURCES)


def _source(
    name: str,
    nodes: Mapping[str, str],
    tables: Mapping[str, Mapping[str, str]],
    of_marts: Mapping[Column, set[Column]],
    of_landed: Mapping[Column, set[Column]],
    needs: Mapping[Column, set[Column]],
) -> Source:
    entities = [entity for entity in ENTITIES.values() if entity.source == name]
    datasets = [one for one in DATASETS if any(one in entity.feeds for entity in entities)]
    never: list[Column] = []
    filled: set[Column] = set()
    for dataset in datasets:
        # Where an entity is called as the dataset is, what it becomes is `landing_`.
        sql = nodes.get(f"stg_{name}__landing_{dataset}") or nodes[f"stg_{name}__{dataset}"]
        nulls = null_columns(sql, model_lineage(sql, tables))
        for column in _columns_of(dataset):
            if column in nulls:
                never.append((f"{_LANDED}{dataset}", column))
            else:
                filled.add((f"{_LANDED}{dataset}", column))
        filled.add((f"{_LANDED}{dataset}", ROWS))
    return Source(
        name,
        tuple(_entity(entity, nodes, of_marts, of_landed) for entity in entities),
        tuple(datasets),
        tuple(never),
        tuple(sorted(column for column, needed in needs.items() if not needed & filled)),
    )


def _entity(
    entity: Entity,
    nodes: Mapping[str, str],
    of_marts: Mapping[Column, set[Column]],
    of_landed: Mapping[Column, set[Column]],
) -> SourceEntity:
    table = f"landing.{entity.name.replace('/', '_')}"
    sql = nodes[f"stg_{entity.name.replace('/', '__')}"]
    # What is looked for anywhere in a record is read of the whole of it.
    whole = any((table, PAYLOAD) in found for found in of_landed.values())
    names = [*fields_read(sql), *([PAYLOAD] if whole else [])]
    return SourceEntity(
        entity.name,
        table,
        tuple(
            SourceField(
                field,
                tuple(column for column, found in of_landed.items() if (table, field) in found),
                tuple(
                    sorted(column for column, found in of_marts.items() if (table, field) in found)
                ),
            )
            for field in names
        ),
        tuple(fields_within(sql)),
    )


def _columns_of(dataset: str) -> tuple[str, ...]:
    return tuple(column.name for column in DATASETS[dataset].columns)


def _needed(lineage: Mapping[Column, set[Column]], column: Column) -> set[Column]:
    """The columns of landing datasets that a column is made of.

    Whose row it is, and that there is one, is needed of everything, and counts where there is nothing else.
    """
    found: set[Column] = set()
    seen: set[Column] = set()
    waiting = [column]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if current[0].startswith(_LANDED):
            found.add(current)
        else:
            waiting += lineage.get(current, set())
    return {one for one in found if one[1] not in (ROWS, "agent_id")} or found
