"""How reports and messages lie in a home: as they are, or sealed where the home is encrypted."""

import io
from pathlib import Path
from typing import IO

import duckdb

from ingestion import encryption, engine
from ingestion.encryption import Keys
from reports import Storage


class HomeStorage(Storage):
    """Opens databases as the home has them, and keeps files in the clear."""

    def open_database(self, database: Path, name: str) -> duckdb.DuckDBPyConnection:
        """A connection with a published database attached read-only, in UTC."""
        connection = engine.connect_beside_others()
        try:
            engine.attach(connection, database, name, read_only=True)
        except duckdb.Error:
            connection.close()
            raise
        return connection


class SealedStorage(HomeStorage):
    """Files sealed with the keys of a home, which go along to other processes; each has `.enc` behind its name."""

    suffix = encryption.SUFFIX

    def __init__(self, keys: Keys) -> None:
        """Keep the keys."""
        self._keys = keys

    def encoded(self, path: Path, content: bytes) -> bytes:
        """The content sealed."""
        return encryption.sealed_under(self._keys, content)

    def decoded(self, path: Path, content: bytes) -> bytes:
        """The content unsealed; an OSError when it is not what was sealed."""
        try:
            return encryption.unsealed(path, content, self._keys)
        except encryption.DamagedFileError as error:
            raise OSError(str(error)) from error

    def opened(self, path: Path) -> IO[bytes]:
        """The content unsealed, all of it at once: what was sealed is only known to be whole at its end."""
        return io.BytesIO(self.read(path))


def storage_of(place: Path) -> Storage:
    """How files lie in a folder."""
    keys = encryption.keys_of(place)
    return HomeStorage() if keys is None else SealedStorage(keys)
