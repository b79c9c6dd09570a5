"""Publishing to a PostgreSQL server: the marts in one transaction, and who may read which rows of them.

Rows are replaced in place, so a reader sees all of the old state or all of the new one, and nobody waits. Rules go by
who logged in (`session_user`), never by the role in use: a view or function of somebody else gives nobody more rows.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from ingestion import Home, UnusableInput, engine
from orchestration.access import About
from orchestration.audiences import TEAMS_AND_PROFILES
from orchestration.database import attached
from orchestration.publication import Mart, TableFunction, read

if TYPE_CHECKING:
    import psycopg

ROLES = ("scorehouse_agent", "scorehouse_lead", "scorehouse_head", "scorehouse_auditor")
OLDEST_SERVER = 15
# Two publishers take turns.
_TURN = 7_236_401


class PublishError(Exception):
    """The server did not take the marts; the message says why, without any password."""


@dataclass(frozen=True)
class Address:
    """Where to publish. The connection string may hold a password, so it is never shown: `shown` is."""

    connection: str
    password: str
    shown: str

    def __repr__(self) -> str:
        """Without the password, whoever prints it."""
        return f"Address({self.shown})"


def parse_address(text: str, with_password: bool) -> Address:
    """Read `postgres://user@host:port/database`; a password may be in it only where nobody else can see it.

    Raises:
        UnusableInput: no such address, or one with a password that everybody on the machine could read.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    form = "postgres://USER@HOST:PORT/DATABASE, special characters of its parts as %40 for @"
    unreadable = UnusableInput(f"the address of the server cannot be read: write it as {form}")
    if not re.match(r"postgres(ql)?://", text):
        raise unreadable
    try:
        parts = {name: str(value or "") for name, value in conninfo_to_dict(text).items()}
    except psycopg.Error:
        # The library's own sentence may quote a part of a password.
        raise unreadable from None
    host, port, database = (parts.get(name, "") for name in ("host", "port", "dbname"))
    # A special character in a password moves the borders between the parts, and a part of it into one that is shown.
    is_plain = re.fullmatch(r"[\w.:,-]*|/[^@]*", host) and re.fullmatch(r"[\d,]*", port)
    if not is_plain or re.search(r"[@/:]", database) or re.search(r"[@/:]", parts.get("user", "")):
        raise unreadable
    password = parts.get("password", "")
    if password and not with_password:
        raise UnusableInput(
            "leave the password out of the address, for the arguments of a program can be seen by others: put it into"
            " PGPASSWORD, into ~/.pgpass, or the whole address into SCOREHOUSE_PUBLISH"
        )
    shown = f"{host or 'local socket'}{':' + port if port else ''}/{database}"
    return Address(text, password, shown)


def publish(home: Home, marts: Sequence[Mart], address: Address) -> bool:
    """Bring the server to what is published here; False when it holds just that already.

    Raises:
        UnusableInput: nothing is published yet.
        PublishError: the server cannot be reached or does not take it; it holds what it held.
    """
    if not home.published_database.exists():
        raise UnusableInput("nothing is published yet: run `scorehouse build` first")
    tables = [mart for mart in marts if not isinstance(mart, TableFunction)]
    with (
        _connected(address) as server,
        attached(warehouse=home.published_database) as local,
        engine.scratch_folder(home.scratch) as folder,
    ):
        return _Publisher(server, local, folder).publish(home, tables)


@contextmanager
def _connected(address: Address) -> Iterator["psycopg.Connection[Any]"]:
    import psycopg

    try:
        with psycopg.connect(
            address.connection,
            connect_timeout=10,
            application_name="scorehouse",
            options="-c timezone=UTC -c client_min_messages=warning -c datestyle=ISO",
        ) as server:
            yield server
    except psycopg.Error as error:
        raise PublishError(f"PostgreSQL at {address.shown}: {_cause(error, address)}") from None


def _cause(error: "psycopg.Error", address: Address) -> str:
    lines = str(error).splitlines() or [type(error).__name__]
    cause = lines[0].strip()
    # A connection that failed has the reason after the last colon of its only telling line.
    if error.sqlstate is None and len(lines) > 1:
        cause = " ".join(line.strip() for line in lines[:2])
    return cause.replace(address.password, "…") if address.password else cause


class _Publisher:
    """One publication, in the transaction of `server`, which commits when everything has gone well."""

    def __init__(
        self, server: "psycopg.Connection[Any]", local: duckdb.DuckDBPyConnection, folder: Path
    ) -> None:
        self.server, self.local, self.folder = server, local, folder

    def publish(self, home: Home, marts: Sequence[Mart]) -> bool:
        self._require_server()
        self.server.execute("select pg_advisory_xact_lock(%s)", [_TURN])
        self._create_roles()
        self.server.execute(_script())
        content = _content(read(home.published_database).content, marts)
        held, rules = self._held(), self._rules()
        if held == (content, rules):
            return False
        # A new table and a new rule wait for who reads the table; rows alone wait for nobody.
        self.server.execute("set local lock_timeout = '60s'")
        self.server.execute("set local scorehouse.publishing = 'on'")
        self._remove_others([mart.name for mart in marts])
        created = [mart for mart in marts if self._write(mart)]
        self._write_people()
        for mart in created if held and held[1] == rules else marts:
            self._guard(mart)
        self.server.execute("delete from access.publication")
        self.server.execute(
            "insert into access.publication values (%s, %s, %s, now())",
            [content, self._rules(), read(home.published_database).as_of],
        )
        return True

    def _require_server(self) -> None:
        version = self.server.info.server_version // 10_000
        if version < OLDEST_SERVER:
            raise PublishError(
                f"PostgreSQL {version} is too old: {OLDEST_SERVER} or newer is needed"
            )

    def _one(self, query: Any, values: Sequence[Any] = ()) -> Any:
        row = self.server.execute(query, values or None).fetchone()
        return row[0] if row else None

    def _create_roles(self) -> None:
        from psycopg import sql

        for role in ROLES:
            if not self._one("select 1 from pg_roles where rolname = %s", [role]):
                self.server.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))

    def _held(self) -> tuple[str, str] | None:
        row: tuple[str, str] | None = self.server.execute(
            "select content, rules from access.publication"
        ).fetchone()
        return row

    def _rules(self) -> str:
        """A hash of all rules that the server has for its readers: a changed one is put right by the next run."""
        return hashlib.sha256(str(self._one(_RULES)).encode()).hexdigest()

    def _remove_others(self, names: list[str]) -> None:
        from psycopg import sql

        gone = self.server.execute(
            "delete from access.mart where not mart = any(%s) returning mart", [names]
        ).fetchall()
        for (name,) in gone:
            self.server.execute(
                sql.SQL("drop table if exists marts.{}").format(sql.Identifier(name))
            )

    def _write(self, mart: Mart) -> bool:
        """Replace the rows of a table; True if the table itself is a new one."""
        from psycopg import sql

        table = sql.SQL("marts.{}").format(sql.Identifier(mart.name))
        ddl = self._definition(mart)
        held = self._one("select definition from access.mart where mart = %s", [mart.name])
        exists = self._one("select to_regclass(%s) is not null", [f"marts.{mart.name}"])
        if exists and held is None:
            raise PublishError(
                f"the table marts.{mart.name} is there already and not Scorehouse's: rename it"
            )
        is_same = bool(exists) and held == ddl
        if is_same:
            self.server.execute(sql.SQL("delete from {}").format(table))
        else:
            self.server.execute(sql.SQL("drop table if exists {}").format(table))
            self.server.execute(ddl.encode())
            self.server.execute(
                "insert into access.mart values (%s, %s)"
                " on conflict (mart) do update set definition = excluded.definition",
                [mart.name, ddl],
            )
        self._load(f"from warehouse.marts.{mart.name}", f"marts.{mart.name}")
        return not is_same

    def _definition(self, mart: Mart) -> str:
        """The statements that create a table: columns, key and comments.

        A grain with nulls in it (every team, no feature) cannot be a primary key, and becomes a unique one.
        """
        described = dict(mart.columns)
        columns = self.local.execute(f"describe from warehouse.marts.{mart.name}").fetchall()
        listed = ", ".join(
            f"{engine.identifier(name)} {server_type(kind)}" for name, kind, *_ in columns
        )
        grain = ", ".join(engine.identifier(name) for name in mart.grain)
        nulls = " or ".join(f"{engine.identifier(name)} is null" for name in mart.grain)
        found = self.local.execute(
            f"select count(*) from warehouse.marts.{mart.name} where {nulls}"
        ).fetchone()
        key = "unique nulls not distinct" if found and found[0] else "primary key"
        comments = [
            f"comment on column marts.{mart.name}.{engine.identifier(name)} is"
            f" {engine.literal(described[name])}"
            for name, *_ in columns
            if name in described
        ]
        return ";\n".join(
            [f"create table marts.{mart.name} ({listed}, {key} ({grain}))", *comments]
        )

    def _load(self, query: str, table: str) -> None:
        """Copy rows into a temporary table and from there on: a table with rules takes no direct copy."""
        file = self.folder / "rows.csv"
        columns = self.local.execute(f"describe {query}").fetchall()
        shown = ", ".join(_written(name, kind) for name, kind, *_ in columns)
        self.local.execute(
            f"copy (select {shown} {query}) to {engine.literal(str(file))}"
            r" (format csv, header false, nullstr '\N', timestampformat '%Y-%m-%d %H:%M:%S.%f+00')"
        )
        self.server.execute(f"create temp table arriving (like {table}) on commit drop".encode())
        with (
            file.open("rb") as rows,
            self.server.cursor().copy(
                r"copy arriving from stdin (format csv, null '\N', encoding 'UTF8')"
            ) as copy,
        ):
            while block := rows.read(1 << 20):
                copy.write(block)
        file.unlink()
        self.server.execute(f"insert into {table} select * from arriving".encode())
        self.server.execute("drop table arriving")
        self.server.execute(f"analyze {table}".encode())

    def _write_people(self) -> None:
        self.local.execute(TEAMS_AND_PROFILES.format(source="warehouse.marts"))
        self.server.execute("delete from access.team; delete from access.profile")
        self._load("from team", "access.team")
        self._load("from profile", "access.profile")

    def _guard(self, mart: Mart) -> None:
        """Give a table its rules, unless it has just these."""
        owner = str(self._one("select quote_ident(current_user)"))
        wanted = policies(mart.about, owner)
        table = f"marts.{mart.name}"
        statements = [
            f"revoke all on {table} from public, {', '.join(ROLES)}",
            f"grant select on {table} to {', '.join(ROLES)}",
            f"alter table {table} enable row level security",
            f"alter table {table} force row level security",
        ]
        statements += [
            f"drop policy if exists {engine.identifier(name)} on {table}"
            for (name,) in self.server.execute(
                "select policyname from pg_policies where schemaname = 'marts' and tablename = %s",
                [mart.name],
            ).fetchall()
        ]
        statements += [f"create policy {name} on {table} {rule}" for name, rule in wanted.items()]
        self.server.execute(";\n".join(statements).encode())


def policies(about: About, owner: str) -> dict[str, str]:
    """Name → rule of each policy of a table with rows of that kind; `owner` writes, and only while it publishes."""
    publishing = "current_setting('scorehouse.publishing', true) = 'on'"
    rules = {
        "publisher": f"for all to {owner} using ({publishing}) with check ({publishing})",
    }
    if about.is_open:
        return rules | {"everybody": f"for select to {', '.join(ROLES)} using (true)"}
    for role in ("agent", "lead", "head"):
        condition = _own_rows(about, role)
        if condition:
            rules[role] = f"for select to scorehouse_{role} using ({condition})"
    return rules | {"auditor": "for select to scorehouse_auditor using ((select access.audits()))"}


def _own_rows(about: About, role: str) -> str | None:
    if role == "agent":
        own = "= any ((select access.agents_of('agent'))::text[])"
        return f"{about.own} {own}" if about.own else None
    if about.department:
        own = "= any ((select access.departments())::text[])"
        return f"{about.department} {own} and ({about.where})" if role == "head" else None
    if about.team:
        return f"{about.team} = any ((select access.teams_of('{role}'))::text[])"
    if about.agent:
        day = about.last_day().replace("mart.", "")
        return (
            f"{about.agent} = any ((select access.agents_of('{role}'))::text[])"
            f" and access.led_on('{role}', {about.agent}, {day})"
        )
    return None


_TYPES = {
    "VARCHAR": "text",
    "DOUBLE": "double precision",
    "FLOAT": "real",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "SMALLINT": "smallint",
    "TINYINT": "smallint",
    "HUGEINT": "numeric(39, 0)",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "JSON": "jsonb",
}


def server_type(kind: str) -> str:
    """The server's type for one of DuckDB's: a list of plain values is an array, anything else with parts is JSON."""
    if kind.startswith("DECIMAL"):
        return kind.lower().replace("decimal", "numeric")
    if kind.endswith("[]") and (kind[:-2] in _TYPES or kind.startswith("DECIMAL")):
        return f"{server_type(kind[:-2])}[]"
    return _TYPES.get(kind, "jsonb")


def _written(name: str, kind: str) -> str:
    quoted = engine.identifier(name)
    if server_type(kind).endswith("[]"):
        # The text of an array: every value quoted, but null.
        item = r"""'"' || replace(replace(cast(x as varchar), '\', '\\'), '"', '\"') || '"'"""
        inner = (
            f"array_to_string(list_transform({quoted}, lambda x: coalesce({item}, 'NULL')), ',')"
        )
        return f"'{{' || {inner} || '}}' as {quoted}"
    if server_type(kind) == "jsonb" and kind != "JSON":
        return f"case when {quoted} is not null then to_json({quoted}) end as {quoted}"
    return quoted


def _content(content: str, marts: Sequence[Mart]) -> str:
    rules = [(mart.name, mart.grain, mart.columns, mart.about) for mart in marts]
    return hashlib.sha256(repr((content, rules, _script())).encode()).hexdigest()


def _script() -> bytes:
    return (resources.files("orchestration") / "server.sql").read_bytes()


_RULES = """
    select string_agg(line, E'\\n' order by line) from (
        select concat_ws('|', relname, relrowsecurity, relforcerowsecurity, relacl, relowner) as line
        from pg_class where relnamespace in ('marts'::regnamespace, 'access'::regnamespace)
        union all
        select concat_ws('|', tablename, policyname, permissive, roles, cmd, qual, with_check)
        from pg_policies where schemaname in ('marts', 'access')
        union all
        select concat_ws('|', nspname, nspacl, nspowner) from pg_namespace where nspname in ('marts', 'access')
        union all
        select concat_ws('|', proname, proargtypes, prosecdef, proconfig, proacl, md5(prosrc))
        from pg_proc where pronamespace in ('marts'::regnamespace, 'access'::regnamespace)
        union all
        select concat_ws('|', rolname, rolsuper, rolbypassrls, rolcanlogin)
        from pg_roles where rolname like 'scorehouse\\_%'
    ) as lines
"""
