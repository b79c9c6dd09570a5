"""How reports, and the database that they are made from, lie on the disk: the one place where this package says so."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import duckdb


class Storage:
    """Files as they are. Whoever keeps them otherwise, such as encrypted, brings a subclass.

    suffix: what every file's name has behind the name that reports know it by.
    """

    suffix = ""

    def open_database(self, database: Path, name: str) -> duckdb.DuckDBPyConnection:
        """A connection of its own, in UTC, with a published database attached read-only under a name.

        Raises duckdb.Error when the file cannot be read as a database.
        """
        connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": False})
        try:
            connection.execute("set TimeZone = 'UTC'")
            path = str(database).replace("'", "''")
            connection.execute(f"attach '{path}' as {name} (read_only)")
        except duckdb.Error:
            connection.close()
            raise
        return connection

    def encoded(self, path: Path, content: bytes) -> bytes:
        """What the disk gets of a file's content."""
        return content

    def decoded(self, path: Path, content: bytes) -> bytes:
        """The content of a file of which the disk has this; an OSError when it is damaged."""
        return content

    def place(self, path: Path) -> Path:
        """Where a file lies."""
        return path.with_name(path.name + self.suffix) if self.suffix else path

    def known_as(self, place: Path) -> Path:
        """The name by which reports know a file that lies somewhere."""
        return place.with_name(place.name.removesuffix(self.suffix))

    def read(self, path: Path) -> bytes:
        """The content of a file; an OSError when there is none, or it is damaged."""
        place = self.place(path)
        return self.decoded(place, place.read_bytes())

    def opened(self, path: Path) -> IO[bytes]:
        """The content of a file to be read bit by bit, and to be closed; an OSError as with `read`."""
        return self.place(path).open("rb")

    def exists(self, path: Path) -> bool:
        """Whether there is a file."""
        return self.place(path).is_file()

    def remove(self, path: Path) -> None:
        """Remove a file, if there is one."""
        self.place(path).unlink(missing_ok=True)

    def find(self, folder: Path, pattern: str) -> Iterator[Path]:
        """The files under a folder that match a pattern, sorted, by the names that reports know them by."""
        for place in sorted(folder.glob(pattern + self.suffix)):
            yield self.known_as(place)

    def write(self, path: Path, content: bytes, lasting: bool = True) -> None:
        """Write a file aside and move it into place, readable by its owner only.

        lasting: wait until the disk has it.
        """
        place = self.place(path)
        make_private(place.parent)
        aside = place.with_name(f".{place.name[:200]}.{os.getpid()}.part")
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(self.encoded(place, content))
                if lasting:
                    stream.flush()
                    os.fsync(stream.fileno())
            aside.replace(place)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


PLAIN = Storage()


def make_private(folder: Path) -> None:
    """Create a folder and those above it that are missing, for their owner only."""
    if folder.is_dir():
        return
    for missing in [f for f in (folder, *folder.parents) if not f.exists()][::-1]:
        missing.mkdir(mode=0o700, exist_ok=True)
