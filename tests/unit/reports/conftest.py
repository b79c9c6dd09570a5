import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import hostile
import warehouse_fixture

import reports


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published database that no test changes."""
    return warehouse_fixture.build(tmp_path_factory.mktemp("published") / "scorehouse.duckdb")


@pytest.fixture(scope="session")
def closed(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of the closed month, rendered once."""
    out = tmp_path_factory.mktemp("closed") / "2026-10"
    reports.render_reports(database, warehouse_fixture.PERIOD, out, pages=warehouse_fixture.PAGES)
    return out


@pytest.fixture(scope="session")
def hostile_month(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The reports of a month in which every agent and team has a hostile name; those by id."""
    folder = tmp_path_factory.mktemp("hostile")
    texts = hostile.build(folder / "scorehouse.duckdb")
    database = folder / "scorehouse.duckdb"
    fixture = warehouse_fixture
    reports.render_reports(database, fixture.PERIOD, folder / "out", pages=fixture.PAGES)
    return folder / "out", texts


@pytest.fixture
def pages(tmp_path: Path) -> Callable[[str], Path]:
    """A function that writes a folder of pages whose index has the given body."""

    def write(body: str, title: str = "Index") -> Path:
        folder = tmp_path / "pages"
        for part in ("agents", "teams"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "index.md").write_text(f"---\ntitle: {title!r}\n---\n{body}", encoding="utf-8")
        for name in ("agents/[agent_id].md", "teams/[team_id].md"):
            level = name.partition("s/")[0]
            (folder / name).write_text(
                f"---\ntitle: Short\nsubjects: all\n---\n```sql all\n"
                f"select level, unit_id as {level}_id, name, revision, stamped_at\n"
                f"from units where level = '{level}'\n```\nNothing.\n",
                encoding="utf-8",
            )
        return folder

    return write
