"""Object storage: raw files, published databases and reports of a home kept in buckets, as `stores.yml` in it says.

A store is a folder of objects that is, file by file, what the home's folder is. The folder in the home stays the place
that everything works in: files are complete in it before they are put, and raw files are put before the ledger names
them. `stored.ndjson` in the folder says what the store holds of it, so that only what changed is put and what went is
removed, in as many requests; and a run that was stopped anywhere is completed by the next one. A folder that was lost
is fetched back whole; where there is one without that note, it is what counts.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from ingestion import durable
from ingestion.errors import UnusableInput
from ingestion.home import SCHEMA_FILE, Home

SETTINGS = "stores.yml"
STORED = "stored.ndjson"
"""In a home's folder: what its store holds of it."""

OWNER = ".scorehouse.json"
"""In a store: which home it is of."""

CURRENT = "current.json"
"""In the store of published databases: the folder in which those of now are, and the one of those before."""

NAMES = ("raw", "published", "reports")
# What reads and writes addresses of a scheme.
PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "abfs": "adlfs", "az": "adlfs"}
_AT_ONCE = 8

Stamp = tuple[int, int]
"""Bytes of a file, and when it was last written, in nanoseconds: of two that are the same nothing was changed."""


class StoreError(Exception):
    """A store cannot be reached, read or written; the message names the object, the cause and the way out."""


def stores_of(home: Home) -> list["Store"]:
    """The stores that a home has; none where there is no `stores.yml`.

    Raises:
        UnusableInput: the file is not as it should be, or a package is missing.
    """
    settings = home.root / SETTINGS
    if not settings.exists():
        return []
    import yaml

    try:
        said = yaml.safe_load(settings.read_bytes()) or {}
    except yaml.YAMLError as error:
        raise UnusableInput(f"{settings} is no YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(said, dict) or not said.keys() <= set(NAMES):
        raise UnusableInput(
            f"{settings}: lines are `raw: s3://BUCKET/FOLDER`, and so on for {', '.join(NAMES)}"
        )
    addresses = {name: _address(settings, name, said[name]) for name in NAMES if name in said}
    for name, address in addresses.items():
        for other, above in addresses.items():
            if name != other and f"{address}/".startswith(f"{above}/"):
                raise UnusableInput(
                    f"{settings}: {name} lies in {other} ({above}): give each a folder of its own"
                )
    return [
        (Publications if name == "published" else Store)(home, name, address)
        for name, address in addresses.items()
    ]


def _address(settings: Path, name: str, said: object) -> str:
    """The address of a store without a slash at its end."""
    try:
        parts = urlsplit(said if isinstance(said, str) else "")
    except ValueError:
        parts = urlsplit("")
    if "@" in parts.netloc or parts.query or parts.fragment:
        # Not shown: it may be a secret.
        raise UnusableInput(
            f"{settings}: {name}: an address is scheme, bucket and folder alone; credentials come from the environment"
        )
    if parts.scheme not in PACKAGES or not parts.netloc:
        known = ", ".join(f"{scheme}://" for scheme in PACKAGES)
        raise UnusableInput(
            f"{settings}: {name}: '{said}' is no object storage: write s3://BUCKET/FOLDER (known are {known})"
        )
    package = PACKAGES[parts.scheme]
    if find_spec(package) is None:
        raise UnusableInput(
            f"{settings}: {name}: {parts.scheme}:// needs the package {package}, which is not installed"
            ' (docs/operations.md, "Object storage")'
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


class Store:
    """One folder of a home, and the objects that it is kept as."""

    def __init__(self, home: Home, name: str, address: str) -> None:
        """Nothing is read or asked for yet."""
        self.name, self.address = name, address
        self.folder = home.root / name
        self._home = home
        self._stored = self.folder / STORED
        self._root = address.partition("://")[2]
        self._within = ""

    def is_begun(self) -> bool:
        """Whether it is known what this store holds of the folder."""
        return self._head() == {"store": self.address}

    def begin(self) -> None:
        """Take an empty store for this home, or one that is this home's already.

        Raises:
            UnusableInput: it is another home's, or holds files of somebody else.
        """
        if self.is_begun() or self.fetch_back():
            return
        if next(iter(self.objects()), None) is not None:
            raise UnusableInput(
                f"{self.address} holds files, and no home has written them: name an empty folder for {self.name}"
            )
        self._write(OWNER, {"home": _identity(self._home)})
        self._require_own()
        self._write_stored({})

    def fetch_back(self) -> bool:
        """Fetch the whole folder of a home that lost it; False where no home has taken the store yet.

        Raises:
            UnusableInput: the store is another home's.
        """
        if not self._require_own():
            return False
        names = list(self.objects())
        fetching = {"store": self.address, "fetching": True}
        if self._head() != fetching and self._has_files():
            # It is newer, for another store had its turn meanwhile: of what this one holds nothing counts.
            self._write_stored(dict.fromkeys(names, (-1, 0)))
            return True
        self._write_stored({}, fetching)
        self._at_once(self.fetch, names)
        here = self.here()
        self._write_stored({name: here[name] for name in names})
        return True

    def put(self, path: Path) -> None:
        """Put one file, and note that."""
        stamp = _stamp(path)
        self._note(self._send(path), stamp)

    def push(
        self, under: Collection[str] | None, recorded: Callable[[], Mapping[str, str | None]]
    ) -> None:
        """Put what changed in the folder and remove what went from it.

        under: put only what lies in these folders of it, or in none; default all. recorded: files that were meant to
        stay as they are, with their SHA-256 where it is known: if such a one went, it was lost, and is fetched back; if
        it is another one, it was damaged, and does not replace the one in the store.
        """
        stored, here = self.stored(), self.here()
        gone = sorted(stored.keys() - here.keys())
        changed = [
            name
            for name, stamp in sorted(here.items())
            if stored.get(name) != stamp and _is_under(name, under)
        ]
        if not gone and not changed:
            return
        kept = recorded()
        changed = [name for name in changed if not self._is_damaged(name, kept.get(name))]
        # What names others comes after them: whoever reads meanwhile finds what it names.
        for turn in range(3):
            those = [self.folder / name for name in changed if _turn(name) == turn]
            self._at_once(self.put, those)
        removed = [name for name in gone if name not in kept]
        if removed:
            self._remove(removed)
        self._at_once(self._fetch_lost, [name for name in gone if name in kept])
        left = self.stored()
        self._write_stored({name: left[name] for name in left if name not in removed})

    def waiting(self) -> int:
        """How many files are to be put or removed yet."""
        stored, here = self.stored(), self.here()
        return sum(stored.get(name) != here.get(name) for name in stored.keys() | here.keys())

    def fetch(self, name: str) -> None:
        """Fetch one object into the folder."""
        if ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute():
            raise StoreError(f"{self.address} holds '{name}', which is no name of a file in a home")
        final = self.folder / name
        final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = durable.temporary_beside(final)
        try:
            with self._reached(name) as key:
                self._files.get_file(key, str(written))
            durable.put_in_place(written, final)
        finally:
            written.unlink(missing_ok=True)

    def objects(self) -> Iterator[str]:
        """Names of all objects, as the folder has them."""
        with self._reached("") as root:
            found = self._files.find(root)
        for key in found:
            name = str(PurePosixPath(key).relative_to(root))
            if name not in (OWNER, CURRENT):
                yield name

    def differing(self) -> Iterator[tuple[str, str]]:
        """Compare the content of every object with the folder: (name, what is wrong with it)."""
        there, here = set(self.objects()), self.here()
        for name in sorted(there | here.keys()):
            if name not in there:
                yield (
                    name,
                    "is not in the store: the run that makes it puts it there, run that again",
                )
            elif name not in here:
                yield name, "is in the store alone: no file of the home"
            elif self._digest(name) != _digest(self.folder / name):
                yield name, "is another one in the store: its SHA-256 is not that of the home's"

    def here(self) -> dict[str, Stamp]:
        """Every complete file of the folder."""
        found = {}
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = Path(folder, name)
                if not name.startswith(".") and path != self._stored:
                    found[path.relative_to(self.folder).as_posix()] = _stamp(path)
        return found

    def stored(self) -> dict[str, Stamp]:
        """What the store holds of the folder: each file as it was when it was put."""
        if not self.is_begun():
            return {}
        found: dict[str, Stamp] = {}
        for line in self._stored.read_bytes().split(b"\n")[1:-1]:
            # Half a line of a run that was stopped says nothing: that file is put again.
            try:
                one = json.loads(line)
                found[one["file"]] = (one["bytes"], one["modified_ns"])
            except (ValueError, KeyError, TypeError):
                continue
        return found

    def _head(self) -> object:
        """What the note in the folder begins with; None where there is none."""
        try:
            with self._stored.open("rb") as file:
                return json.loads(file.readline())
        except (FileNotFoundError, ValueError):
            return None

    def _has_files(self) -> bool:
        """Whether there is more in the folder than every home has from its beginning."""
        return any(PurePosixPath(name).name != SCHEMA_FILE for name in self.here())

    def _fetch_lost(self, name: str) -> None:
        """Fetch a file that the home lost; one that is lost everywhere is for the checks of files to name."""
        try:
            self.fetch(name)
        except StoreError as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
        else:
            self._note(name, _stamp(self.folder / name))

    def _is_damaged(self, name: str, sha256: str | None) -> bool:
        return bool(sha256) and _digest(self.folder / name) != sha256

    def _remove(self, names: list[str]) -> None:
        with self._reached(names[0]):
            try:
                self._files.rm([self._key(name) for name in names])
            except FileNotFoundError:
                # A run that was stopped has removed some of them; not every kind of store takes that.
                left = set(self.objects()).intersection(names)
                if left:
                    self._files.rm([self._key(name) for name in sorted(left)])

    @property
    def _files(self) -> Any:
        import fsspec

        # It keeps one for each scheme, with its connections.
        return fsspec.filesystem(urlsplit(self.address).scheme, use_listings_cache=False)

    def _key(self, name: str) -> str:
        within = "" if name in (OWNER, CURRENT) else self._within
        return "/".join(part for part in (self._root, within, name) if part)

    def _send(self, path: Path) -> str:
        name = path.relative_to(self.folder).as_posix()
        with self._reached(name) as key:
            self._files.put_file(str(path), key)
        return name

    def _read(self, name: str) -> dict[str, Any] | None:
        """A small object of the store's own; None where there is none."""
        with self._reached(name) as key:
            try:
                return dict(json.loads(self._files.cat_file(key)))
            except FileNotFoundError:
                return None

    def _write(self, name: str, said: dict[str, Any]) -> None:
        with self._reached(name) as key:
            self._files.pipe_file(key, json.dumps(said).encode())

    @contextmanager
    def _reached(self, name: str) -> Iterator[str]:
        """The name of an object for requests; what goes wrong with them is told in one line."""
        try:
            yield self._key(name)
        except (StoreError, UnusableInput):
            raise
        except Exception as error:
            # Each package has its own errors; their texts hold no secret.
            cause = (str(error).splitlines() or [""])[0] or type(error).__name__
            raise StoreError(
                f"{self.address}/{name} cannot be read or written ({cause}): see to that and run again, nothing is lost"
            ) from error

    def _require_own(self) -> bool:
        """Whether the store is this home's; False: it is nobody's yet."""
        owner = self._read(OWNER)
        if owner is None:
            return False
        if owner.get("home") != _identity(self._home):
            raise UnusableInput(
                f"{self.address} is the store of another home: name an empty folder for {self.name},"
                " or restore records/ of that home first"
            )
        return True

    def _at_once(self, do: Callable[[Any], object], those: Iterable[Any]) -> None:
        """Do it to several at a time; the first error is raised once those that were begun are over."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                for _ in pool.map(do, those):
                    pass
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _digest(self, name: str) -> str:
        with self._reached(name) as key, self._files.open(key, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _note(self, name: str, stamp: Stamp) -> None:
        with self._stored.open("ab") as file:
            # Whoever was stopped may have left half a line, which this one must not become a part of.
            file.write(b"\n" + _line(name, stamp))

    def _write_stored(self, stored: dict[str, Stamp], said: dict[str, Any] | None = None) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        head = json.dumps(said or {"store": self.address}).encode() + b"\n"
        lines = (_line(name, stamp) for name, stamp in sorted(stored.items()))
        durable.write_bytes(self._stored, head + b"".join(lines))


class Publications(Store):
    """The store of published databases: each publication is a folder of its own, which `CURRENT` names.

    DuckDB reads the blocks of an attached file when it needs them, and does not notice that it is another file by now:
    what it answers is a mixture. So no object ever changes, and those of the publication before stay until the next.
    """

    def fetch_back(self) -> bool:
        """Fetch the databases of the newest publication; see `Store.fetch_back`."""
        if not self._require_own():
            return False
        self._look_into_current()
        return super().fetch_back()

    def push(
        self, under: Collection[str] | None, recorded: Callable[[], Mapping[str, str | None]]
    ) -> None:
        """Put all databases, if one of them is another one, and name them; remove those of two publications ago."""
        if not self.waiting():
            return
        before = self._look_into_current()
        self._within = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        here = self.here()
        self._at_once(self._send, [self.folder / name for name in here])
        self._make_current({"folder": self._within, "before": before})
        self._write_stored(here)

    def forget_before(self) -> None:
        """Remove the databases of the publication before: they hold what is to be gone."""
        folder = self._look_into_current()
        if folder is not None:
            self._make_current({"folder": folder})

    def differing(self) -> Iterator[tuple[str, str]]:
        """Compare the databases of the newest publication; see `Store.differing`."""
        self._look_into_current()
        return super().differing()

    def _look_into_current(self) -> str | None:
        """The folder of the newest publication, whose databases are the objects from now on; None before the first."""
        folder = (self._read(CURRENT) or {}).get("folder")
        self._within = folder or "none"
        return folder

    def _make_current(self, said: dict[str, Any]) -> None:
        """Say which folders count, and remove all others; a run that was stopped may have left some."""
        self._write(CURRENT, said)
        self._within = ""
        left = [name for name in self.objects() if name.partition("/")[0] not in said.values()]
        if left:
            self._remove(left)


def fetch_back(home: Home) -> None:
    """Fetch folders that the home has stores for and lost; does nothing where none was lost.

    Raises:
        UnusableInput: `stores.yml` is not as it should be, or a store is another home's.
        StoreError: a store cannot be reached.
    """
    for store in stores_of(home):
        if not store.is_begun():
            store.fetch_back()


def put(home: Home, path: Path) -> None:
    """Put a file into the store of its folder, if that has one."""
    for store in stores_of(home):
        if path.is_relative_to(store.folder):
            store.begin()
            store.put(path)


def push(
    home: Home,
    name: str,
    under: Collection[str] | None = None,
    recorded: Callable[[], Mapping[str, str | None]] = dict,
) -> None:
    """Bring the store of a folder up to its files, if it has one; see `Store.push`."""
    for store in stores_of(home):
        if store.name == name:
            store.begin()
            store.push(under, recorded)


def forget_before(home: Home) -> None:
    """Remove the databases of the publication before from their store; see `Publications.forget_before`."""
    for store in stores_of(home):
        if isinstance(store, Publications):
            store.forget_before()


def _identity(home: Home) -> str:
    """What a home is known by in its stores; made once."""
    path = home.records / "stores.json"
    if not path.exists():
        home.records.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable.write_text(path, json.dumps({"home": secrets.token_hex(16)}) + "\n")
    return str(json.loads(path.read_bytes())["home"])


def _is_under(name: str, folders: Collection[str] | None) -> bool:
    first, slash, _ = name.partition("/")
    return folders is None or not slash or first in folders


def _turn(name: str) -> int:
    """The page above all reports after the lists of files, and those after the files."""
    path = PurePosixPath(name)
    if len(path.parts) == 1:
        return 2
    return int(len(path.parts) == 2 and ".json" in path.suffixes)


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _line(name: str, stamp: Stamp) -> bytes:
    said = {"file": name, "bytes": stamp[0], "modified_ns": stamp[1]}
    return json.dumps(said).encode() + b"\n"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
