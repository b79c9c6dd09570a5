"""The contents as one HTML page that loads nothing."""

import re
from collections.abc import Collection
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from docs.dictionary.contents import Contents
from docs.dictionary.lineage import ROWS, Column

_TRACKER = "//d1fc8wv8zag5ca.cloudfront.net/2.9.0/sp.js"


def render(contents: Contents) -> str:
    """Return the page; it needs no script to be read, and its own one only to filter."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = {model.table for model in (*contents.marts, *contents.others)}
    environment.filters["prose"] = prose
    fields = {
        field_anchor(entity.table, field.name)
        for source in contents.sources
        for entity in source.entities
        for field in entity.fields
    }
    environment.filters["column"] = lambda column: link(column, shown, fields)
    environment.globals["field_anchor"] = field_anchor
    return environment.get_template("page.html").render(contents=contents)


def without_tracker(page: str) -> str:
    """dbt's own page without the address of the tracking script that it loads when it is hosted.

    Raises ValueError when the address is not there: another dbt may load another one.
    """
    if _TRACKER not in page:
        raise ValueError("dbt's page has another tracker than the known one: look what it loads")
    return page.replace(_TRACKER, "")


def prose(text: str) -> Markup:
    """Text with its `code` marked; nothing else of Markdown is used in descriptions."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def field_anchor(table: str, field: str) -> str:
    """The address of a field of a vendor's record on the page; table: as lineage names the entity's."""
    return f"{table}.{field}".replace(" ", "_")


def link(column: Column, shown: set[str], fields: Collection[str] = ()) -> Markup:
    """A column's name, linked to its row where the page has it. fields: addresses of the fields that it has."""
    table, name = column
    short = table.partition(".")[2] if table in shown else table
    text = escape(f"rows of {short}" if name == ROWS else f"{short}.{name}")
    anchor = table if name == ROWS else field_anchor(table, name)
    if table not in shown and anchor not in fields:
        return Markup(f"<code>{text}</code>")
    return Markup(f'<a href="#{escape(anchor)}"><code>{text}</code></a>')
