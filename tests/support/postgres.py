"""A PostgreSQL server of the test's own: in a temporary folder, on a socket and a free port, gone afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

PASSWORD = "s3cret/p@ss%word"


@dataclass(frozen=True)
class Server:
    """A running server. `owner` may log in with `PASSWORD`; everybody else needs none."""

    port: int

    def url(self, user: str, database: str = "postgres", password: str = "") -> str:
        return f"postgres://{user}{':' + password if password else ''}@127.0.0.1:{self.port}/{database}"

    def connect(
        self, user: str, database: str = "postgres"
    ) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            self.url(user, database),
            autocommit=True,
            password=PASSWORD if user == "owner" else None,
        )


def binaries() -> Path:
    """Folder of the server's programs; the test is skipped where there is none of a version that can be used."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4])
    )
    found = shutil.which("initdb")
    if versions and int(versions[-1].parts[4]) >= 15:
        return versions[-1].parent
    if found:
        return Path(found).resolve().parent
    pytest.skip("no PostgreSQL server 15 or newer is installed (Debian: apt install postgresql)")


@contextmanager
def running_server() -> Iterator[Server]:
    programs = binaries()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        _own(folder)
        data = folder / "data"
        _run(
            [
                programs / "initdb",
                "-D",
                data,
                "-U",
                "postgres",
                "--auth=trust",
                "-E",
                "UTF8",
                "--no-sync",
            ]
        )
        hba = "host all owner all scram-sha-256\nhost all all all trust\nlocal all all trust\n"
        (data / "pg_hba.conf").write_text(hba)
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, "-p", str(port), "-k", folder, "-c", "fsync=off"],
            stdout=subprocess.DEVNULL, stderr=(folder / "log").open("w"), **_as_nobody(),
        )  # fmt: skip
        try:
            server = Server(port)
            _wait(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: Server, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert process.poll() is None, "the server ended at once"
        try:
            server.connect("postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server did not begin to listen")


def _as_nobody() -> dict[str, object]:
    # The server refuses to run as root.
    return {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid} if os.getuid() == 0 else {}


def _own(folder: Path) -> None:
    if os.getuid() == 0:
        person = pwd.getpwnam("nobody")
        os.chown(folder, person.pw_uid, person.pw_gid)


def _run(command: list[object]) -> None:
    finished = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        **_as_nobody(),
    )
    assert finished.returncode == 0, finished.stderr
