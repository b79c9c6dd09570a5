"""Text that would act somewhere if it were not kept as text, and what tells that it did."""

from html.parser import HTMLParser
from pathlib import Path

import duckdb
import warehouse_fixture as fixture

HARMLESS = "Ada Lovelace"
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)',
    "attribute in single quotes": "' onmouseover='alert(1)",
    "end of title": "</title><script>alert(1)</script>",
    "end of drawing": "</text></svg><script>alert(1)</script>",
    "entity": "&lt;b&gt; &amp; &#60;i> &copy",
    "comment": "a <!-- b",
    "end of comment": "--> b",
    "CDATA": "<![CDATA[ a ]]> b",
    "end of CDATA": "]]>",
    "instruction": '<?xml version="1.0"?>',
    "jinja expression": "{{ 7*7 }}",
    "jinja statement": "{% raw %}",
    "jinja comment": "{# a #}",
    "typst code": '#eval("1") #read("/etc/passwd")',
    "typst maths": "$x$ @ref <label> *a* _b_ = c",
    "code": "`code` ```raw```",
    "link": "[link](javascript:alert(1))",
    "picture": "![img](http://evil.example/x.png)",
    "address": "https://evil.example/ <https://evil.example/>",
    "table": "|a|b|\n|---|---|\n|c|d|",
    "heading": "# One\n\n## Two\n---\n- x",
    "backslashes": "a\\b \\u0041 \\n \\",
    "sql": "'; drop table marts.fct_agent_day; --",
    "format": "%s %(name)s {0} {name} ${name}",
    "formula": '=HYPERLINK("http://evil.example")',
    "plus": "+1+1",
    "minus": "-2+3",
    "at": "@SUM(A1)",
    "tab": "\t=1",
    "carriage return": "\r=1",
    "line break": "\n=1",
    "space": " =1+1",
    "quote": '"=1+1"',
    "apostrophe": "'=1+1",
    "full width": "＝1+1",
    "full width at": "＠SUM(A1)",
    "invisible": "\u200b=1+1",
    "semicolon": "x;=1+1",
    "inner line": "x\n=1+1",
    "dde": "=cmd|' /C calc'!A0",
    "right to left": "evil\u202egnp.exe\u202c \u2067x\u2069",
    "joiners": "a\u200db\u200cc\ufeffd",
    "controls": "a\x00b\x07c\x1b[31md\x7fe\x85f",
    "tokens": "\ue0000\ue001 \ue00012\ue001 \uf8ff",
    "separators": "a\u2028b\u2029c",
    "long": "Long name " * 1000,
    "long word": "x" * 10_000,
    "header": "Ada\r\nBcc: all@evil.example",
    "combining": "Z\u0351\u036f\u0349a\u0335\u0321l\u0340g\u0320o\u0316" * 5,
    "not a character": "a\ufffeb\uffffc",
    "number": "1e308",
    "nothing": "null",
    "markup": "*a* **b** ~~c~~ _d_",
}


class Skeleton(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, ...]] = []
        self.attributes: list[tuple[str, str]] = []
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, *(name for name, _ in attrs)))
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self.elements.append((f"/{tag}",))

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_comment(self, data: str) -> None:
        self.elements.append(("!--", data))

    def handle_decl(self, decl: str) -> None:
        self.elements.append(("!", decl))

    def unknown_decl(self, data: str) -> None:
        self.elements.append(("![", data))

    def handle_pi(self, data: str) -> None:
        self.elements.append(("?", data))


def build(path: Path) -> dict[str, str]:
    """Add an agent and a team with every hostile text, and a harmless one; id to text."""
    fixture.build(path)
    texts = {"H000": HARMLESS} | {f"H{n:03}": text for n, text in enumerate(HOSTILE.values(), 1)}
    with duckdb.connect(str(path)) as connection:
        for table in ("monthly_performance_summary", "agent_performance_month", "fct_team_month"):
            connection.execute(f"delete from marts.{table}")
        for identity, text in texts.items():
            row = fixture.month_row("A-1") | {"agent_id": identity, "name": text}
            row |= {"team_id": f"T{identity}", "team_name": text, "department": text, "role": text}
            fixture.insert(connection, "monthly_performance_summary", **row)
            team = {key: row[key] for key in ("team_id", "team_name", "department", "month")}
            fixture.insert(connection, "fct_team_month", **team)
    return texts
