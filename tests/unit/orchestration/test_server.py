"""Publishing to a real PostgreSQL server, and trying to get around its rules."""

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import psycopg
import pytest

from ingestion import Home, UnusableInput
from orchestration import access, publication, server
from tests.support import golden_home
from tests.support.postgres import PASSWORD, Server, running_server

MARTS = golden_home.marts()
# User → the roles granted to him and the lines about him in access.member.
USERS: dict[str, tuple[str, list[tuple[str, str, str]]]] = {
    "u_ben": ("scorehouse_agent", [("agent", "agent_id", "ben")]),
    "u_lea": ("scorehouse_lead", [("lead", "team_id", "care")]),
    "u_hugo": ("scorehouse_head", [("head", "department", "Commerce")]),
    "u_audit": ("scorehouse_auditor", []),
    # A line without the role, the role without a line, and a line for another role than the one granted.
    "u_line": ("", [("agent", "agent_id", "ana")]),
    "u_role": ("scorehouse_lead", []),
    "u_other": ("scorehouse_agent", [("head", "department", "Service")]),
}
READERS = ["u_ben", "u_lea", "u_hugo", "u_audit", "u_role", "u_other"]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with running_server() as running:
        with running.connect("postgres") as admin:
            admin.execute(f"create role owner login createrole password '{PASSWORD}'".encode())
            admin.execute("create database centre owner owner")
        yield running


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("server"))
    golden_home.publish(home, nasty=True)
    with duckdb.connect(str(home.published_database)) as connection:
        # The golden department again, to be named below without its quotes.
        for mart in ("dim_team", "dim_agent", "fct_team_month"):
            connection.execute(
                f"update marts.{mart} set department = 'Commerce' where department like '..%'"
            )
        connection.execute(
            "update marts.fct_organisation_month set unit_id = 'Commerce' where unit_id like '..%'"
        )
    return home


def address_of(postgres: Server, password: str = PASSWORD) -> server.Address:
    return server.parse_address(postgres.url("owner", "centre", quote(password, safe="")), True)


@pytest.fixture(scope="module")
def published(postgres: Server, home: Home) -> Server:
    assert server.publish(home, MARTS, address_of(postgres))
    with postgres.connect("postgres", "centre") as admin:
        for user, (role, lines) in USERS.items():
            admin.execute(f"create role {user} login".encode())
            if role:
                admin.execute(f"grant {role} to {user}".encode())
            for kind, column, value in lines:
                admin.execute(
                    f"insert into access.member (db_user, role, {column}) values (%s, %s, %s)".encode(),
                    [user, kind, value],
                )
    return postgres


def rows(postgres: Server, user: str, query: str) -> list[tuple[Any, ...]]:
    with postgres.connect(user, "centre") as connection:
        return connection.execute(query.encode()).fetchall()


def local(home: Home, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.published_database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(query).fetchall()


def cells(found: list[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    return {
        tuple(v.astimezone(dt.UTC) if isinstance(v, dt.datetime) else v for v in row)
        for row in found
    }


@pytest.mark.parametrize("mart", MARTS, ids=lambda mart: mart.name)
def test_every_cell_is_that_of_the_published_database(
    published: Server, home: Home, mart: publication.Mart
) -> None:
    asked = f"select * from marts.{mart.name}"
    found = rows(published, "u_audit", asked)
    assert len(found) == local(home, f"select count(*) from marts.{mart.name}")[0][0] > 0
    assert cells(found) == cells(local(home, asked))


def test_types_comments_and_keys_are_those_of_the_contract(published: Server) -> None:
    kinds = dict(
        rows(
            published, "postgres",
            "select attrelid::regclass || '.' || attname, format_type(atttypid, atttypmod) from pg_attribute"
            " where attrelid in (select oid from pg_class where relnamespace = 'marts'::regnamespace) and attnum > 0",
        )
    )  # fmt: skip
    assert kinds["marts.fct_agent_day.quality_points"] == "numeric(38,9)"
    assert kinds["marts.fct_agent_day.first_clock_in_at"] == "timestamp with time zone"
    assert kinds["marts.fct_agent_day.fcr"] == "double precision"
    comment = "select col_description('marts.dim_agent'::regclass, 5)"
    assert rows(published, "postgres", comment) == [("Full name.",)]
    keys = dict(
        rows(
            published, "postgres",
            "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint"
            " where connamespace = 'marts'::regnamespace and contype in ('p', 'u')",
        )
    )  # fmt: skip
    for mart in MARTS:
        assert keys[f"marts.{mart.name}"].endswith(f"({', '.join(mart.grain)})"), mart.name
    assert keys["marts.fct_agent_day"].startswith("PRIMARY KEY")
    assert keys["marts.dim_kpi_target"].startswith("UNIQUE NULLS NOT DISTINCT")


def may_read(home: Home, user: str, mart: publication.Mart) -> set[Any]:
    """The keys that a user may read, asked of the published database in another way: row by row, in Python."""
    about = mart.about
    with duckdb.connect(str(home.published_database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = connection.execute(f"from marts.{mart.name}")
        names = [column[0] for column in found.description]
        all_rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        profiles = connection.execute(
            "select agent_id, team_id, valid_from, valid_to from marts.dim_agent order by all"
        ).fetchall()

    def team_on(agent: str, day: dt.date) -> str | None:
        mine = [p for p in profiles if p[0] == agent]
        begun = [p for p in mine if p[2] <= day] or mine[:1]
        return begun[-1][1] if begun else None

    def last_day(row: dict[str, Any]) -> dt.date:
        first: dt.date = row[str(about.period)]
        if about.period == "month":
            return (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(
                days=1
            )
        return first + dt.timedelta(days=6 if about.period == "week_start_date" else 0)

    def allowed(row: dict[str, Any]) -> bool:
        if about.is_open or user == "u_audit":
            return True
        if user == "u_ben":
            return bool(about.own) and row[str(about.own)] == "ben"
        if user not in ("u_lea", "u_hugo"):
            return False
        if about.department:
            return user == "u_hugo" and (row["level"], row["unit_id"]) == ("department", "Commerce")
        team = row[about.team] if about.team else None
        if about.period and about.agent and row[about.agent]:
            team = team_on(row[about.agent], last_day(row))
        return team is not None and team == {"u_lea": "care", "u_hugo": "sales"}[user]

    return {tuple(row[name] for name in mart.grain) for row in all_rows if allowed(row)}


@pytest.mark.parametrize("user", READERS)
def test_everybody_reads_his_rows_and_no_other(published: Server, home: Home, user: str) -> None:
    seen = 0
    for mart in MARTS:
        key = f"select {', '.join(mart.grain)} from marts.{mart.name}"
        expected = may_read(home, user, mart)
        assert cells(rows(published, user, key)) == cells(list(expected)), mart.name
        seen += len(expected) if not mart.about.is_open else 0
    assert (seen > 0) == (user in ("u_ben", "u_lea", "u_hugo", "u_audit"))


def test_a_lead_has_the_days_that_were_his_teams(published: Server) -> None:
    asked = "select max(business_date)::text from marts.fct_agent_day where agent_id = 'ben'"
    assert rows(published, "u_lea", asked)[0][0] < "2026-10-16"
    asked = "select min(business_date)::text from marts.fct_agent_day where agent_id = 'ben'"
    assert rows(published, "u_hugo", asked)[0][0] >= "2026-10-16"


def test_who_has_no_role_reads_nothing_at_all(published: Server) -> None:
    for mart in MARTS:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(published, "u_line", f"select * from marts.{mart.name}")


@pytest.mark.parametrize("user", READERS)
def test_nobody_writes(published: Server, user: str) -> None:
    with published.connect(user, "centre") as connection:
        for mart in MARTS:
            table, column = f"marts.{mart.name}", mart.grain[0]
            for statement in (
                f"insert into {table} select * from {table}", f"update {table} set {column} = {column}",
                f"delete from {table}", f"truncate {table}", f"drop table {table}",
                f"alter table {table} disable row level security", f"alter table {table} no force row level security",
                f"create policy mine on {table} using (true)", f"copy {table} from stdin",
                f"create trigger t before insert on {table} execute function suppress_redundant_updates_trigger()",
                f"lock table {table} in exclusive mode", f"grant select on {table} to public",
            ):  # fmt: skip
                if statement.startswith("grant"):
                    # Without the right to grant, the server warns and grants nothing.
                    acl = "select relacl::text from pg_class where oid = %s::regclass"
                    before = connection.execute(acl, [table]).fetchone()
                    connection.execute(statement.encode())
                    assert connection.execute(acl, [table]).fetchone() == before
                    continue
                with (
                    pytest.raises(psycopg.errors.InsufficientPrivilege),
                    connection.transaction(),
                ):
                    connection.execute(statement.encode())


WAYS_AROUND = [
    "set role owner", "set role postgres", "set role scorehouse_auditor", "set session authorization postgres",
    "create function marts.f() returns int language sql security definer as 'select 1'",
    "create function public.f() returns int language sql security definer as 'select 1'",
    "create view marts.v as select 1", "create table marts.t (x int)", "create table access.t (x int)",
    "create schema mine", "select * from access.member", "select * from access.profile", "select * from access.team",
    "select content from access.publication", "select * from access.mart",
    "insert into access.member values (session_user, 'head', null, null, 'Service')",
    "select * from pg_statistic", "select rolpassword from pg_authid",
    "copy marts.dim_agent to '/tmp/x'", "select pg_read_file('/etc/passwd')", "alter role u_ben bypassrls",
    "grant scorehouse_auditor to u_ben", "create role x",
    "alter default privileges for role owner grant all on tables to public",
    "create extension dblink",
]  # fmt: skip


@pytest.mark.parametrize("user", ["u_ben", "u_lea", "u_hugo"])
def test_there_is_no_way_around(published: Server, user: str) -> None:
    with published.connect(user, "centre") as connection:
        for statement in WAYS_AROUND:
            with pytest.raises(
                (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedFile, psycopg.errors.FeatureNotSupported)
            ):  # fmt: skip
                connection.execute(statement.encode())
        connection.execute("set row_security = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from marts.dim_agent")


@pytest.mark.parametrize("user", ["u_ben", "u_lea", "u_hugo", "u_role"])
def test_nothing_leaks_beside_the_rows(published: Server, home: Home, user: str) -> None:
    own = cells(list(may_read(home, user, next(m for m in MARTS if m.name == "dim_agent"))))
    with published.connect(user, "centre") as connection:
        # What the planner knows of values.
        stats = "select count(*) from pg_stats where schemaname in ('marts', 'access')"
        assert connection.execute(stats.encode()).fetchone() == (0,)
        copied = b""
        with connection.cursor().copy(
            "copy (select agent_id from marts.dim_agent) to stdout"
        ) as copy:
            for block in copy:
                copied += bytes(block)
        assert set(copied.decode().split()) == {key[0] for key in own}
        # A function that says what it sees is not called for rows that are not the reader's.
        connection.execute(
            "create function pg_temp.tell(text) returns boolean language plpgsql cost 0.0000001 as"
            " $$ begin raise notice '%', $1; return true; end $$"
        )
        told: list[str] = []
        connection.add_notice_handler(lambda notice: told.append(str(notice.message_primary)))
        connection.execute("set client_min_messages = notice")
        connection.execute("select 1 from marts.dim_agent where pg_temp.tell(agent_id)")
        assert set(told) == {key[0] for key in own}
        connection.execute("create temp view mine as select * from marts.dim_agent")
        assert len(connection.execute("select * from mine").fetchall()) == len(own)
        led = connection.execute(
            "select access.led_on('lead', 'cleo', '2026-10-20'), access.led_on('agent', 'ana', '2026-10-20'),"
            " access.audits(), access.agents_of('auditor')"
        ).fetchone()
        assert led == (False, False, False, [])


def test_other_peoples_views_and_functions_give_nobody_more(published: Server) -> None:
    with published.connect("postgres", "centre") as admin:
        admin.execute(
            "create schema lent; grant all on schema lent to u_audit, owner, u_ben, u_lea"
        )
    for maker in ("u_audit", "owner", "u_lea"):
        with published.connect(maker, "centre") as connection:
            connection.execute(
                f"create view lent.{maker} as select * from marts.dim_agent".encode()
            )
            connection.execute(
                f"create function lent.f_{maker}() returns setof marts.dim_agent language sql security definer"
                " as 'select * from marts.dim_agent'".encode()
            )
            connection.execute(f"grant select on lent.{maker} to public".encode())
    for maker in ("u_audit", "owner", "u_lea"):
        for asked in (f"lent.{maker}", f"lent.f_{maker}()"):
            found = rows(published, "u_ben", f"select distinct agent_id from {asked}")
            assert found in ([], [("ben",)]), asked
    assert rows(published, "owner", "select * from marts.dim_agent") == []
    with published.connect("postgres", "centre") as admin:
        admin.execute("drop schema lent cascade")


class TestPublishing:
    def test_what_the_server_holds_is_not_sent_again(self, published: Server, home: Home) -> None:
        assert not server.publish(home, MARTS, address_of(published))

    def test_rules_that_somebody_changed_are_put_right(self, published: Server, home: Home) -> None:
        for harm in (
            "alter table marts.dim_agent disable row level security",
            "create policy all_of_it on marts.dim_agent using (true)",
            "grant insert on marts.dim_agent to scorehouse_agent",
            "drop policy agent on marts.fct_ticket",
        ):
            with published.connect("postgres", "centre") as admin:
                admin.execute(harm.encode())
            assert server.publish(home, MARTS, address_of(published)), harm
            self.test_what_the_server_holds_is_not_sent_again(published, home)
            assert {
                agent
                for (agent,) in rows(published, "u_ben", "select agent_id from marts.dim_agent")
            } == {"ben"}

    def test_a_failure_leaves_the_old_state_and_a_reader_waits_for_nothing(
        self, published: Server, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with duckdb.connect(str(home.published_database)) as connection:
            connection.execute("update meta.publication set content = 'other'")
            connection.execute("update marts.dim_agent set name = 'New ' || name")
        before = rows(published, "u_audit", "select name from marts.dim_agent order by 1")
        seen: list[Any] = []

        def look_and_fail(*_: object) -> None:
            seen.append(rows(published, "u_audit", "select name from marts.dim_agent order by 1"))
            raise psycopg.errors.DiskFull("no space left on device")

        with monkeypatch.context() as failing:
            failing.setattr(server._Publisher, "_write_people", look_and_fail)
            with pytest.raises(server.PublishError, match="no space left"):
                server.publish(home, MARTS, address_of(published))
        assert seen == [before]
        assert rows(published, "u_audit", "select name from marts.dim_agent order by 1") == before
        with published.connect("u_audit", "centre") as reader:
            reader.execute("begin isolation level repeatable read")
            old = reader.execute("select count(*) from marts.fct_ticket").fetchone()
            assert server.publish(home, MARTS, address_of(published))
            assert old == reader.execute("select count(*) from marts.fct_ticket").fetchone()
            # A table that the transaction had not opened yet is the old one as well.
            assert (
                reader.execute("select name from marts.dim_agent order by 1").fetchall() == before
            )
        after = rows(published, "u_audit", "select name from marts.dim_agent")
        assert all(name.startswith("New ") for (name,) in after)

    def test_a_new_mart_has_the_rules_and_one_that_is_gone_goes(
        self, published: Server, home: Home
    ) -> None:
        with duckdb.connect(str(home.published_database)) as connection:
            connection.execute(
                "create table marts.fct_new as select agent_id, team_id,"
                " {'a': [1, 2]} as parts, ['x,\"', null] as words,"
                " {'deep': true}::json as document from marts.dim_agent where is_current"
            )
        new = publication.Mart(
            "fct_new", ("agent_id",), about=access.About(agent="agent_id", team="team_id")
        )
        assert server.publish(home, [*MARTS, new], address_of(published))
        asked = "select agent_id, parts, words, document from marts.fct_new"
        assert rows(published, "u_ben", asked) == [
            ("ben", {"a": [1, 2]}, ['x,"', None], {"deep": True})
        ]
        assert len(rows(published, "u_audit", asked)) > 2
        assert server.publish(home, MARTS, address_of(published))
        with pytest.raises(psycopg.errors.UndefinedTable):
            rows(published, "u_audit", asked)

    def test_a_table_of_somebody_else_is_left_alone(self, published: Server, home: Home) -> None:
        with published.connect("postgres", "centre") as admin:
            admin.execute("create table marts.fct_theirs as select 1 as x")
        with duckdb.connect(str(home.published_database)) as connection:
            connection.execute("create table marts.fct_theirs as select 'a' as x")
        with pytest.raises(server.PublishError, match=r"marts\.fct_theirs is there already"):
            server.publish(
                home, [*MARTS, publication.Mart("fct_theirs", ("x",))], address_of(published)
            )
        assert rows(published, "postgres", "select * from marts.fct_theirs") == [(1,)]
        with published.connect("postgres", "centre") as admin:
            admin.execute("drop table marts.fct_theirs")


class TestMistakes:
    @pytest.mark.parametrize(
        "text",
        [
            "", "host/db", "mysql://h/d", "postgres://u:p/w@host/db", "postgres://u:12/w@host/db",
            "postgres://u:p@ss@host/db", "postgres://u:se%cret@host/db", "postgres://u:x@h:port/db",
            "postgres://u:secret@host/db?nonsense=1", "postgres://[::1/db",
        ],
    )  # fmt: skip
    def test_an_address_that_cannot_be_read_is_not_repeated(self, text: str) -> None:
        with pytest.raises(
            UnusableInput, match="cannot be read: write it as postgres://"
        ) as refused:
            server.parse_address(text, True)
        assert all(part not in str(refused.value) for part in ("secret", "cret", "ss@", "w@"))

    def test_a_password_among_the_arguments_is_refused(self) -> None:
        with pytest.raises(UnusableInput, match=r"PGPASSWORD, into ~/\.pgpass") as refused:
            server.parse_address("postgres://u:hunter2@host/db", False)
        assert "hunter2" not in str(refused.value)
        address = server.parse_address("postgres://u:hunter2@host/db", True)
        assert "hunter2" not in f"{address} {address!r} {address.shown}"
        assert address.shown == "host/db"

    def test_a_wrong_password_and_a_server_that_is_not_there_are_one_clear_line(
        self, published: Server, home: Home
    ) -> None:
        with pytest.raises(server.PublishError, match="password authentication failed") as refused:
            server.publish(home, MARTS, address_of(published, "wrong-secret"))
        assert "wrong-secret" not in str(refused.value)
        assert "\n" not in str(refused.value)
        nobody = server.parse_address("postgres://u:hunter2@127.0.0.1:1/db", True)
        with pytest.raises(server.PublishError, match=r"127\.0\.0\.1:1/db: .*refused") as refused:
            server.publish(home, MARTS, nobody)
        assert "hunter2" not in str(refused.value)

    def test_an_empty_home_has_nothing_to_publish(self, tmp_path: Path) -> None:
        address = server.parse_address("postgres://u@127.0.0.1:1/db", True)
        with pytest.raises(UnusableInput, match="nothing is published yet"):
            server.publish(Home(tmp_path), MARTS, address)

    @pytest.mark.parametrize(
        ("environment", "argument", "code", "says"),
        [
            ({}, [], 2, "say where to publish"),
            ({}, ["postgres://u:hunter2@127.0.0.1:1/db"], 2, "leave the password out"),
            ({}, ["postgres://u@127.0.0.1:1/db"], 1, "PostgreSQL at 127.0.0.1:1/db"),
            ({"SCOREHOUSE_PUBLISH": "postgres://u:hunter2@127.0.0.1:1/db"}, [], 1, "PostgreSQL at 127.0.0.1:1/db"),
            ({"SCOREHOUSE_PUBLISH": "postgres://u:hun/ter2@127.0.0.1/db"}, [], 2, "cannot be read"),
        ],
    )  # fmt: skip
    def test_the_command_says_it_in_one_line(
        self, home: Home, environment: dict[str, str], argument: list[str], code: int, says: str
    ) -> None:
        finished = subprocess.run(
            [Path(sys.executable).with_name("scorehouse"), "publish", *argument, "--home", home.root],
            env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert finished.returncode == code, finished.stderr
        assert finished.stdout == ""
        assert finished.stderr.startswith("error: ")
        assert finished.stderr.count("\n") == 1
        assert says in finished.stderr
        assert "hunter2" not in finished.stderr
        assert "ter2" not in finished.stderr


def test_types() -> None:
    kinds = [
        "DECIMAL(38,9)",
        "VARCHAR[]",
        "STRUCT(a INTEGER)",
        "STRUCT(a INTEGER)[]",
        "MAP(VARCHAR, INTEGER)",
        "JSON",
    ]
    assert [server.server_type(kind) for kind in kinds] == [
        "numeric(38,9)",
        "text[]",
        "jsonb",
        "jsonb",
        "jsonb",
        "jsonb",
    ]
