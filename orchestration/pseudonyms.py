"""The key that pseudonyms are made with, and the SQL that makes them."""

import hashlib
import secrets

import duckdb

from ingestion import Home, UnusableInput, durable, encryption

_BLOCK = 64
# Eighty bits: two of ten million values share one once in some 24 billion centres.
_DIGITS = 20


def key_of(home: Home, given: str = "") -> bytes:
    """The key: the given one, else that of a file in the records, which is made once.

    Raises:
        UnusableInput: the key is shorter than 16 characters.
    """
    file = home.records / "pseudonym.key"
    if not given and not file.exists():
        made = secrets.token_hex(32) + "\n"
        durable.write_bytes(file, encryption.seal(file, made.encode()))
    key = given or encryption.read(file).decode().strip()
    if len(key) < 16:
        source = "SCOREHOUSE_PSEUDONYM_KEY" if given else file
        raise UnusableInput(f"the pseudonym key in {source} has less than 16 characters")
    return key.encode()


def define(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Give a connection, and no database, the function `pseudonym(text)`: HMAC-SHA-256 (RFC 2104), shortened."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner, outer = (_blob(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))
    connection.execute(
        "create temp macro pseudonym(value) as 'p' || left(sha256("
        f"{outer} || unhex(sha256({inner} || encode(value)))), {_DIGITS})"
    )


def _blob(octets: bytes) -> str:
    return "'" + "".join(f"\\x{octet:02X}" for octet in octets) + "'::blob"
