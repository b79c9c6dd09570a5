"""The document model: what a page says, before it becomes HTML, PDF or plain text.

Text nodes hold plain text only. Whoever writes a document out escapes all of it.
"""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Text:
    """Plain text.

    isolate: a value from data, whose writing direction is its own. raw: the value before it was
    printed, for values that are not text, by which tables sort. address: where the figure comes
    from (see Rows.address). tone: ``good``, ``bad`` or ``even`` for a difference whose arrow and
    sign are in the text. drawing: SVG that says the same; shown where drawings can stand in text.
    """

    text: str
    isolate: bool = False
    raw: str | None = None
    address: str | None = None
    tone: str = ""
    drawing: str = ""


@dataclass(frozen=True)
class Nothing:
    """A figure that has no value, with the words that say so."""

    words: str


@dataclass(frozen=True)
class Strong:
    """Important text."""

    children: list["Inline"]


@dataclass(frozen=True)
class Emphasis:
    """Emphasised text."""

    children: list["Inline"]


@dataclass(frozen=True)
class Code:
    """Text in a fixed-width face."""

    text: str


@dataclass(frozen=True)
class Link:
    """A link; ``local`` ones point at another page of the same folder and are text in a PDF."""

    target: str
    children: list["Inline"]
    local: bool = False


@dataclass(frozen=True)
class Break:
    """A line break."""


Inline = Text | Nothing | Strong | Emphasis | Code | Link | Break


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the document's title, so blocks start at 2."""

    level: int
    children: list[Inline]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph."""

    children: list[Inline]


@dataclass(frozen=True)
class Listing:
    """A bulleted or numbered list."""

    ordered: bool
    items: list[list["Block"]]


@dataclass(frozen=True)
class Quote:
    """A quotation or call-out."""

    children: list["Block"]


@dataclass(frozen=True)
class Preformatted:
    """Lines kept as they are."""

    text: str


@dataclass(frozen=True)
class Rule:
    """A thematic break."""


@dataclass(frozen=True)
class CsvFile:
    """The rows behind a table or drawing, for whoever wants to go on with them; name: as which they are saved."""

    name: str
    text: str


@dataclass(frozen=True)
class Heads:
    """A column heading and the side its cells keep to."""

    title: list[Inline]
    right: bool = False


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row names the row.

    download: its rows. search: whether a page offers a search box.
    filters: numbers (from 0) of the columns by whose values a page offers to choose.
    """

    caption: str
    columns: list[Heads]
    rows: list[list[list[Inline]]]
    note: str = ""
    download: CsvFile | None = None
    search: bool = False
    filters: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Figure:
    """One headline figure with its label and an optional line below it."""

    label: str
    value: list[Inline]
    note: list[Inline] = field(default_factory=list)


@dataclass(frozen=True)
class Figures:
    """Headline figures side by side."""

    figures: list[Figure]


@dataclass(frozen=True)
class Chart:
    """A drawn chart; ``description`` says in words what the drawing shows.

    download: the figures behind it.
    """

    title: str
    description: str
    svg: str
    download: CsvFile | None = None


@dataclass(frozen=True)
class Bar:
    """One bar: its label, its value in words, and its length as a share (0-1) of the axis."""

    label: list[Inline]
    value: list[Inline]
    share: float


@dataclass(frozen=True)
class Bars:
    """Lying bars with a label each, set as text so that names of any script can be read."""

    title: str
    label_title: str
    value_title: str
    bars: list[Bar]
    download: CsvFile | None = None


Block = Heading | Paragraph | Listing | Quote | Preformatted | Rule | Table | Figures | Chart | Bars


@dataclass(frozen=True)
class Attachment:
    """A file inside the PDF: name, description, and CSV text."""

    name: str
    description: str
    text: str


@dataclass(frozen=True)
class Document:
    """A whole page: what surrounds it, what it says, and what is attached to its PDF.

    facts: label and value pairs printed at the top and, short, on every PDF page. timestamp: the
    instant the figures are of, which is the only date a PDF carries. fingerprint: the digest of the
    data; the running header of a PDF shows its first 12 characters. definitions: term and meaning of
    the figures shown, printed at the end of a PDF. search: whether the page has the search box over
    all reports (it loads ``search.js`` from the folder of the stylesheet).
    """

    title: list[Inline]
    subject: str
    period: str
    revision: str
    fingerprint: str
    facts: list[tuple[str, str]]
    blocks: list[Block]
    language: str = "en"
    banner: str = ""
    timestamp: datetime | None = None
    attachments: list[Attachment] = field(default_factory=list)
    definitions: list[tuple[str, str]] = field(default_factory=list)
    search: bool = False


def plain_text(inlines: list[Inline]) -> str:
    """Return the words of some inline nodes."""
    parts = []
    for node in inlines:
        match node:
            case Text(text=text) | Code(text=text):
                parts.append(text)
            case Nothing(words=words):
                parts.append(f"– {words}")
            case Break():
                parts.append("\n")
            case Strong(children=children) | Emphasis(children=children) | Link(children=children):
                parts.append(plain_text(children))
    return "".join(parts)
