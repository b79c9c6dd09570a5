"""Who is meant by the tokens in the ledger, kept beside it so that it can be forgotten.

The chain can never be changed, so it names nobody. A person is in it as a token: HMAC-SHA-256 of
the id under a random secret of that person. Free text is in it as the same of the text. The
secrets and the texts are here, in `records/people.json` (mode 0600): without a person's secret
nobody, the owner of the home included, can tell whose token it was.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from typing import Any

from ingestion import durable, encryption
from ingestion.home import Home
from ingestion.ledger import locked

NOBODY = ""
"""Stands for the person where none is known."""


class People:
    """The secrets and texts of one home, as they were when last read or added to."""

    def __init__(self, home: Home) -> None:
        """Read what is there."""
        self._file = home.people
        self._held = self._read()

    def ensure(self, people: Iterable[str]) -> None:
        """Give a secret to everybody who has none."""
        wanted = set(people)
        if wanted <= self._held["secrets"].keys():
            return
        with locked(self._file.with_suffix(".lock")):
            self._held = self._read()
            for person in sorted(wanted - self._held["secrets"].keys()):
                self._held["secrets"][person] = secrets.token_hex(32)
            self._write()

    def token(self, person: str) -> str | None:
        """What stands for a person in the ledger; None where the person has no secret."""
        return self.mark(person, f"person:{person}")

    def mark(self, person: str, text: str) -> str | None:
        """What stands for a text about a person; None where the person has no secret."""
        secret = self._held["secrets"].get(person)
        if secret is None:
            return None
        return hmac.new(bytes.fromhex(secret), text.encode(), hashlib.sha256).hexdigest()

    def keep_text(self, person: str, text: str) -> str:
        """Keep a text that a person wrote; returns what stands for it in the ledger."""
        self.ensure([person])
        mark = self.mark(person, f"text:{text}")
        assert mark is not None
        with locked(self._file.with_suffix(".lock")):
            self._held = self._read()
            self._held["texts"][mark] = {"of": person, "text": text}
            self._write()
        return mark

    def text(self, mark: str | None) -> str | None:
        """The text that a mark stands for; None where it was erased, or is not what was written."""
        kept = self._held["texts"].get(mark) if mark else None
        if kept is None or self.mark(kept["of"], f"text:{kept['text']}") != mark:
            return None
        return str(kept["text"])

    def forget(self, people: Iterable[str]) -> None:
        """Make the tokens of these people, and what they wrote, unreadable for everybody for ever."""
        gone = set(people)
        with locked(self._file.with_suffix(".lock")):
            self._held = self._read()
            held = self._held
            secrets_left = {who: key for who, key in held["secrets"].items() if who not in gone}
            texts_left = {
                mark: kept
                for mark, kept in held["texts"].items()
                if kept["of"] not in gone and kept["text"] not in gone
            }
            if (secrets_left, texts_left) != (held["secrets"], held["texts"]):
                self._held = {"secrets": secrets_left, "texts": texts_left}
                self._write()

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            held: dict[str, dict[str, Any]] = json.loads(encryption.read(self._file))
        except FileNotFoundError:
            return {"secrets": {}, "texts": {}}
        return held

    def _write(self) -> None:
        text = json.dumps(self._held, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        durable.write_bytes(self._file, encryption.seal(self._file, text.encode()))
