"""Resources: what assets need from outside. Here, and in the command line, the environment is read; nowhere else."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource
from pydantic import Field

from ingestion import Home, Limits, UnusableInput, engine, stores
from orchestration import (
    audiences,
    erasing,
    lineage_events,
    pseudonyms,
    purging,
    spark,
    unlocking,
    verification,
)
from orchestration.database import remove_damaged
from orchestration.delivery.settings import Settings, read_settings
from orchestration.instance import mark_alive
from orchestration.progress import tell
from orchestration.project import DBT, PROJECT_DIR
from orchestration.records import locked
from orchestration.server import Address, parse_address
from orchestration.storing import store_raw

LIMITS_VARIABLE = "SCOREHOUSE_LIMITS"


class HomeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The home folder of one installation, and where its exports land.

    Empty values stand for `home` in the working folder and for `<home>/landing`.
    """

    path: str = ""
    landing: str = ""
    max_reject_share: float = Field(
        default=0.01,
        description="A dataset with a larger share of rejected rows stops the publish.",
    )

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Show that the run goes on in this process."""
        if context.run is not None:
            mark_alive(self._layout(), context.run.run_id)

    @property
    def home(self) -> Home:
        """The layout of the home folder, opened if it is encrypted, with what its stores have and it lost.

        The key is no attribute: the orchestrator shows those to everybody.
        """
        home = self._layout()
        unlocking.unlock(home, os.environ)
        engine.keep_within(home.scratch, os.environ)
        stores.fetch_back(home)
        return home

    def _layout(self) -> Home:
        return Home(Path(self.path or "home").resolve())

    @property
    def landing_folder(self) -> Path:
        """Where users drop their files."""
        return Path(self.landing).resolve() if self.landing else self.home.landing

    @property
    def limits(self) -> Limits:
        """What one landed file may ask of the machine."""
        return limits_of_environment()

    def pseudonym_key(self) -> bytes:
        """The key of the pseudonyms. It is no attribute: the orchestrator shows those to everybody."""
        return pseudonyms.key_of(self.home, os.environ.get("SCOREHOUSE_PSEUDONYM_KEY", ""))


def limits_of_environment() -> Limits:
    """The limits, with what SCOREHOUSE_LIMITS says in place of the defaults.

    Raises:
        UnusableInput: it cannot be read.
    """
    try:
        return Limits.read(os.environ.get(LIMITS_VARIABLE, ""))
    except ValueError as error:
        raise UnusableInput(f"{LIMITS_VARIABLE}: {error}") from None


def builds_on_spark() -> bool:
    """Whether the engine of the environment is Spark, and it can run here.

    Raises:
        UnusableInput: there is no such engine, or something that it needs is not installed.
    """
    return spark.is_chosen(os.environ)


def publish_address() -> Address | None:
    """The server to publish to, or none. It is no attribute either: it may hold a password."""
    said = os.environ.get("SCOREHOUSE_PUBLISH")
    return parse_address(said, with_password=True) if said else None


def delivery_settings(home: Home) -> Settings:
    """How this installation delivers. It is no attribute either: it holds secrets."""
    return read_settings(home, os.environ)


class ExclusiveRun(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Holds a home for one run at a time, whoever started it: command line, schedule or UI.

    The warehouse file has one writer. All steps of a run share this process, and so this lock; a process that is
    killed gives it back.
    """

    home: HomeResource

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["ExclusiveRun"]:
        """Wait for the run before, and keep the next one waiting."""
        lock = self.home.home.records / "run.lock"
        with locked(lock, waiting=lambda: tell("waiting for another run on this home to end")):
            for store in stores.stores_of(self.home.home):
                store.begin()
            if context.instance is not None:
                purging.complete_unfinished(self.home.home, context.instance)
            erasing.finish_files(self.home.home)
            store_raw(self.home.home)
            # Refused, a run has changed nothing.
            verification.require_unaltered(self.home.home)
            _make_damaged_again(self.home.home)
            run = context.dagster_run
            if run is None:
                yield self
                return
            with lineage_events.of_run(self.home.home, run.run_id, run.job_name) as succeeded:
                yield self
                instance = context.instance
                assert instance is not None
                succeeded.append(instance.get_run_stats(run.run_id).steps_failed == 0)


def _make_damaged_again(home: Home) -> None:
    made_again = (home.warehouse, home.published_database, *audiences.files(home))
    for path in remove_damaged(made_again):
        tell(f"warning: {path} was no whole database and is made again")


def dbt_resource() -> DbtCliResource:
    """Dbt at the project's root, with its profile beside it."""
    # The dbt of this environment, whether or not the environment is activated.
    return DbtCliResource(
        project_dir=str(PROJECT_DIR),
        profiles_dir=str(PROJECT_DIR),
        dbt_executable=str(DBT),
    )
