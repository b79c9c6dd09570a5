"""Encryption at rest: the key of a home, the keys made from it, and sealed files.

A home that is encrypted has `records/encryption.json`: a random data key, wrapped under the key that its operator
keeps. Everything in the home is encrypted under keys that are derived from the data key, one for each purpose, so
another operator's key takes one small file to be written anew. Neither key is ever written, printed or logged.

A sealed file is `MAGIC`, a salt of 16 bytes, and chunks of AES-256-GCM: a chunk is `CHUNK_BYTES` of content and 16
bytes of tag, the last one is shorter or marked as the last. The nonce is the chunk's number (11 bytes, big-endian) and
1 for the last chunk, else 0 (STREAM: Hoang, Reyhanitabar, Rogaway, Vizár 2015), so that chunks can be neither moved
nor cut off. The key of a file is derived with its salt: no nonce is used twice under one key.
"""

import base64
import binascii
import contextlib
import io
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ingestion import durable
from ingestion.errors import UnusableInput

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_VARIABLE = "SCOREHOUSE_KEY"
FILE_VARIABLE = "SCOREHOUSE_KEY_FILE"
KEY_BYTES = 32
FORMAT = 1
MAGIC = b"scorehouse sealed 1\n"
CHUNK_BYTES = 64 * 1024
SUFFIX = ".enc"
"""Ends the name of a sealed file that people may want to open."""

_SALT_BYTES = 16
_TAG_BYTES = 16
_NONCE_BYTES = 12


class DamagedFileError(UnusableInput):
    """A sealed file is not what was sealed: changed, cut off, or of another home."""


@dataclass(frozen=True)
class Keys:
    """The keys of one encrypted home. `root`: the home; no key is ever in what this prints as."""

    root: Path
    _data: bytes = field(repr=False)

    def database(self, file: Path) -> str:
        """The key of a database file, for DuckDB; every file has its own, so that one can be handed on alone.

        A file that is written aside has the key of the file that it becomes.
        """
        relative = Path(os.path.relpath(file, self.root))
        name = relative.name
        if name.startswith("."):
            name = name[1 : name.index(".duckdb") + len(".duckdb")]
        return _text(self._derived(f"database {relative.with_name(name).as_posix()}"))

    @property
    def parquet(self) -> str:
        """The key of raw files and recorded closes, for DuckDB."""
        return _text(self._derived("parquet"))

    def sealing(self, salt: bytes) -> "AESGCM":
        """The cipher of one sealed file."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._derived("file", salt))

    def wrapped(self, key: bytes) -> str:
        """The data key under an operator's key."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(_NONCE_BYTES)
        wrapping = AESGCM(_derive(key, "wrap", b""))
        return _text(nonce + wrapping.encrypt(nonce, self._data, _HEADER))

    def _derived(self, purpose: str, salt: bytes = b"") -> bytes:
        return _derive(self._data, purpose, salt)


_HEADER = b"scorehouse data key, format %d" % FORMAT
_unlocked: dict[Path, Keys] = {}


def new_key() -> str:
    """A random key: 32 bytes in base64."""
    return _text(secrets.token_bytes(KEY_BYTES))


def given_key(environment: Mapping[str, str]) -> bytes | None:
    """The operator's key: of the variable, or of the file that the other variable names; None where neither is set.

    Raises:
        UnusableInput: it is no key, or others may read the file.
    """
    if text := environment.get(KEY_VARIABLE, ""):
        return _parsed(text, f"the key in {KEY_VARIABLE}")
    if name := environment.get(FILE_VARIABLE, ""):
        return read_key(Path(name))
    return None


def read_key(file: Path) -> bytes:
    """The key in a file that is its owner's alone.

    Raises:
        UnusableInput: there is no such file, others may read it, or it holds no key.
    """
    try:
        mode = file.stat().st_mode & 0o777
        text = file.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise UnusableInput(f"the key file {file} cannot be read: {error.strerror}") from None
    if mode & 0o077:
        raise UnusableInput(
            f"the key file {file} has mode {mode:04o}, so others may read it: run `chmod 600 {file}`"
        )
    return _parsed(text, f"the key in {file}")


def is_encrypted(root: Path) -> bool:
    """Whether a home is encrypted."""
    return _settings(root).exists()


def begin(root: Path, key: bytes) -> Keys:
    """Make a home an encrypted one, with a data key of its own, or open it if it is one; creates its records folder.

    Raises:
        UnusableInput: it is encrypted under another key.
    """
    settings = _settings(root)
    settings.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = durable.temporary_beside(settings)
    written.write_text(_content(Keys(root, secrets.token_bytes(KEY_BYTES)), key), encoding="utf-8")
    # Two that begin at once agree on the one that was first.
    with contextlib.suppress(FileExistsError):
        durable.put_new(written, settings)
    return open_home(root, key)


def change_key(root: Path, key: bytes) -> None:
    """Put another operator's key in the place of the one that opened a home; nothing else is written anew."""
    durable.write_text(_settings(root), _content(_unlocked[root], key))


def share(root: Path, other: Path) -> None:
    """Give another home the data key of this one, under the same operator's key; does nothing if this one has none."""
    if not is_encrypted(root):
        return
    _settings(other).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    durable.write_text(_settings(other), _settings(root).read_text(encoding="utf-8"))
    _unlocked[other] = Keys(other, _unlocked[root]._data)


def open_home(root: Path, key: bytes) -> Keys:
    """Open an encrypted home for this process.

    Raises:
        UnusableInput: the key is not the home's, or `encryption.json` is damaged.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    settings = _settings(root)
    try:
        said = json.loads(settings.read_bytes())
        version, wrapped = said["format"], base64.b64decode(said["data_key"], validate=True)
    except (ValueError, KeyError, TypeError):
        raise UnusableInput(f"{settings} is damaged: restore it from a backup") from None
    if version != FORMAT:
        raise UnusableInput(
            f"{settings} is of format {version}: a newer version of Scorehouse made it"
        )
    nonce, rest = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
    try:
        data = AESGCM(_derive(key, "wrap", b"")).decrypt(nonce, rest, _HEADER)
    except (InvalidTag, ValueError):
        raise UnusableInput(
            f"the key does not open {root}: the home is encrypted under another one"
        ) from None
    _unlocked[root] = Keys(root, data)
    return _unlocked[root]


def unlock(path: Path, environment: Mapping[str, str]) -> Keys | None:
    """Open the encrypted home that a path is in, or is; None where that is not encrypted.

    Raises:
        UnusableInput: the key is missing, is none, or is not the home's.
    """
    for root in (path, *path.parents):
        if is_encrypted(root):
            if root in _unlocked:
                return _unlocked[root]
            key = given_key(environment)
            if key is None:
                raise _missing(root)
            return open_home(root, key)
    return None


def keys_of(path: Path) -> Keys | None:
    """The keys of the home that a path is in; None where that is not encrypted.

    Raises:
        UnusableInput: it is, and nobody opened it.
    """
    for root in (path, *path.parents):
        if root in _unlocked:
            return _unlocked[root]
        if is_encrypted(root):
            raise _missing(root)
    return None


def seal(path: Path, content: bytes) -> bytes:
    """What a file at this path is to hold: the content sealed, or as it is where the home is not encrypted."""
    keys = keys_of(path)
    return content if keys is None else sealed_under(keys, content)


def sealed_under(keys: Keys, content: bytes) -> bytes:
    """The content sealed."""
    sealed = io.BytesIO()
    with SealedWriter(sealed, keys) as writer:
        writer.write(content)
    return sealed.getvalue()


def read(path: Path) -> bytes:
    """The content of a file that was written with `seal`.

    Raises:
        DamagedFileError: it is not as it was sealed.
        FileNotFoundError: there is none.
    """
    keys = keys_of(path)
    content = path.read_bytes()
    return content if keys is None else unsealed(path, content, keys)


def unsealed(path: Path, sealed: bytes, keys: Keys) -> bytes:
    """The content of a sealed file that was read from a path.

    Raises:
        DamagedFileError: it is not as it was sealed.
    """
    from cryptography.exceptions import InvalidTag

    start = len(MAGIC) + _SALT_BYTES
    if not sealed.startswith(MAGIC):
        raise DamagedFileError(f"{path} is not sealed, as every file like it in this home is")
    cipher = keys.sealing(sealed[len(MAGIC) : start])
    view, size = memoryview(sealed), CHUNK_BYTES + _TAG_BYTES
    parts = []
    try:
        for number, begins in enumerate(range(start, max(len(sealed), start + 1), size)):
            is_last = begins + size >= len(sealed)
            parts.append(
                cipher.decrypt(_nonce(number, is_last), view[begins : begins + size], None)
            )
    except (InvalidTag, ValueError):
        raise DamagedFileError(
            f"{path} is damaged, or is of another home: it is not what was sealed"
        ) from None
    return b"".join(parts)


class SealedWriter:
    """Seals what is written into a file, chunk by chunk; only what was closed without an error is complete."""

    def __init__(self, file: IO[bytes], keys: Keys) -> None:
        """Write the head; the file stays its owner's to close."""
        salt = secrets.token_bytes(_SALT_BYTES)
        self._file, self._cipher = file, keys.sealing(salt)
        self._held = bytearray()
        self._number = 0
        file.write(MAGIC + salt)

    def write(self, content: bytes) -> None:
        """Seal more."""
        self._held += content
        # The last chunk is marked, so a full one waits until it is known not to be the last.
        while len(self._held) > CHUNK_BYTES:
            self._put(CHUNK_BYTES, is_last=False)

    def __enter__(self) -> "SealedWriter":
        """Nothing to begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Seal the last chunk."""
        if kind is None:
            self._put(len(self._held), is_last=True)

    def _put(self, size: int, is_last: bool) -> None:
        chunk = bytes(self._held[:size])
        del self._held[:size]
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last), chunk, None))
        self._number += 1


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(_NONCE_BYTES - 1, "big") + bytes([is_last])


def _settings(root: Path) -> Path:
    return root / "records" / "encryption.json"


def _content(keys: Keys, key: bytes) -> str:
    return json.dumps({"format": FORMAT, "data_key": keys.wrapped(key)}, indent=1) + "\n"


def _missing(root: Path) -> UnusableInput:
    return UnusableInput(
        f"{root} is encrypted: give its key with --key-file FILE, or in {FILE_VARIABLE} or {KEY_VARIABLE}"
    )


def _parsed(text: str, source: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise UnusableInput(
            f"{source} is no key: it must be {KEY_BYTES} bytes in base64, as `scorehouse key new` makes them"
        )
    return key


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _derive(key: bytes, purpose: str, salt: bytes) -> bytes:
    """HKDF-SHA-256 (RFC 5869): another key for each purpose, none of which tells another."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    hkdf = HKDF(SHA256(), KEY_BYTES, salt or None, f"scorehouse {purpose}".encode())
    return hkdf.derive(key)
