"""Names of files made from identifiers that may hold anything."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
# Device names on Windows, with or without an ending.
_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))]
)


def slugs(ids: Iterable[str]) -> dict[str, str]:
    """Return a file name for each id: safe on every file system and different from all others.

    A plain id is its own name. Any other one, and ids that differ in case only (some file systems
    do not tell those apart), is its readable part, ``~`` (which no plain id holds) and a hash.
    """
    distinct = sorted(set(ids))
    spelled = Counter(identity.casefold() for identity in distinct)
    return {
        identity: identity
        if _PLAIN.fullmatch(identity)
        and identity.casefold() not in _RESERVED
        and spelled[identity.casefold()] == 1
        else _hashed(identity)
        for identity in distinct
    }


def _hashed(identity: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", identity).encode("ascii", "ignore").decode()
    readable = "-".join(re.findall(r"[a-z0-9]+", ascii_only.lower()))[:40].strip("-")
    return f"{readable or 'id'}~{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
