"""Resources: what assets need from outside. Here, and in the command line, the environment is read; nowhere else."""

from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource
from pydantic import Field

from ingestion import Home
from orchestration.project import DBT, PROJECT_DIR


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

    @property
    def home(self) -> Home:
        """The layout of the home folder."""
        return Home(Path(self.path or "home").resolve())

    @property
    def landing_folder(self) -> Path:
        """Where users drop their files."""
        return Path(self.landing).resolve() if self.landing else self.home.landing


def dbt_resource() -> DbtCliResource:
    """Dbt at the project's root, with its profile beside it."""
    # The dbt of this environment, whether or not the environment is activated.
    return DbtCliResource(
        project_dir=str(PROJECT_DIR),
        profiles_dir=str(PROJECT_DIR),
        dbt_executable=str(DBT),
    )
