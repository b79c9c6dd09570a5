"""Bodies of messages, from the templates in ``reports/messages``."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from reports.components import Components
from reports.document import plain_text
from reports.errors import PageError
from reports.html import message_html
from reports.markdown import build_blocks, build_line
from reports.page import read_template, split_front_matter
from reports.plain import blocks_text
from reports.template import Template, Where

_MESSAGES = Path(__file__).parent / "messages"


@dataclass(frozen=True)
class Message:
    """A message: one-line subject, plain text, and HTML."""

    subject: str
    text: str
    html: str


def render_message(template: str, values: Mapping[str, object]) -> Message:
    """Render the template of one kind of message.

    template: the action type, such as ``agent_summary``. values: the action's columns by name, with
    ``figures`` as a mapping. The subject never holds a line break or another control character.
    Raises PageError for an unknown template, a value the template needs and does not get, and any
    other fault in it.
    """
    known = sorted(path.stem for path in _MESSAGES.glob("*.md"))
    name = f"messages/{template}.md"
    if template not in known:
        raise PageError(name, 1, f"there is no such message; there are {', '.join(known)}")
    subject, body = _templates(template, read_template(_MESSAGES / f"{template}.md", name))
    names = {**Components(lambda folder, identity: None).names(), **values}
    title = plain_text(build_line(subject, names))
    blocks = build_blocks(body, names)
    return Message(title, blocks_text(blocks), message_html(title, blocks))


@lru_cache
def _templates(template: str, source: str) -> tuple[Template, Template]:
    """The subject and the body of a message, made once for all that are alike."""
    name = f"messages/{template}.md"
    front, lines = split_front_matter(source, name)
    subject = front.get("subject")
    if not isinstance(subject, str):
        raise PageError(name, 1, "front matter needs a subject")
    line = next(n for n, text in enumerate(source.splitlines(), 1) if "subject:" in text)
    return Template(subject, Where(name, line)), Template("\n".join(lines), Where(name))
