"""An S3-compatible server (moto) of the tests' own, on this machine, that says what was asked of it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from ingestion import Home, engine, stores
from ingestion.engine import literal
from ingestion.stores import CURRENT, OWNER, STORED

SECRET = "s3cret-never-shown"


@dataclass
class Requests:
    """Passes requests on and keeps them, as (method, path with query).

    done: called with each that was carried out and not answered yet.
    """

    application: Any
    seen: list[tuple[str, str]] = field(default_factory=list)
    done: Callable[[str, str], None] = lambda method, path: None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        query = environ["QUERY_STRING"]
        path = environ["PATH_INFO"] + (f"?{query}" if query else "")
        method = environ["REQUEST_METHOD"]
        self.seen.append((method, path))
        answer = self.application(environ, start_response)
        self.done(method, path)
        return answer


class _Silent(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """The requests are kept elsewhere."""


@dataclass(frozen=True)
class Buckets:
    """The running server. `address`: of its endpoint."""

    address: str
    requests: Requests

    def asked(self, *methods: str) -> list[str]:
        """Paths of the requests so far, of these methods or all; and forget them."""
        seen, self.requests.seen = self.requests.seen, []
        return [path for method, path in seen if not methods or method in methods]

    def files(self) -> Any:
        """The server's objects as s3fs has them."""
        import s3fs

        return s3fs.S3FileSystem(use_listings_cache=False)

    def make(self, name: str) -> str:
        """Make a bucket."""
        self.files().mkdir(name)
        self.asked()
        return name

    def content(self, folder: str) -> dict[str, bytes]:
        """Every object below a folder, by its name there."""
        files = self.files()
        found = {key.removeprefix(f"{folder}/"): files.cat_file(key) for key in files.find(folder)}
        self.asked()
        return found


@contextmanager
def running_buckets() -> Iterator[Buckets]:
    """Start the server; programs of the tests find it by the standard variables."""
    import s3fs

    # One that is kept knows the address of another server.
    s3fs.S3FileSystem.clear_instance_cache()
    requests = Requests(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, requests, threaded=True, request_handler=_Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ACCESS_KEY_ID", "tests")
        patched.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patched.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patched.setenv("AWS_ENDPOINT_URL", address)
        try:
            yield Buckets(address, requests)
        finally:
            server.shutdown()


def reader(server: Buckets) -> duckdb.DuckDBPyConnection:
    """A connection as docs/operations.md tells readers to make one, with the extension that is installed here."""
    connection = engine.connect()
    connection.execute(f"load {literal(str(engine._extension()))}")
    connection.execute(
        "create secret (type s3, key_id 'tests', secret 's', region 'us-east-1', use_ssl false,"
        f" url_style 'path', endpoint {literal(server.address.removeprefix('http://'))})"
    )
    return connection


def assert_stored(server: Buckets, bucket: str, home: Home) -> None:
    """Each store, a folder of the bucket by its own name, holds the home's folder, byte for byte, and nothing else."""
    for name in stores.NAMES:
        folder = home.root / name
        here = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.name != STORED
        }
        held = server.content(f"{bucket}/{name}")
        assert held.pop(OWNER)
        if name == "published":
            held = _current(held)
        assert held.keys() == here.keys(), name
        assert [key for key in here if here[key] != held[key]] == [], name


def _current(held: dict[str, bytes]) -> dict[str, bytes]:
    """The databases of the newest publication; besides there may be those of the one before."""
    named = json.loads(held.pop(CURRENT)) if CURRENT in held else {"folder": "none"}
    assert {key.partition("/")[0] for key in held} <= set(named.values())
    within = f"{named['folder']}/"
    return {key.removeprefix(within): held[key] for key in held if key.startswith(within)}
