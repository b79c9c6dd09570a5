"""Sample files that vendors publish, closed as they are, say what the vendor says they say."""

import datetime as dt
import os
import re
from pathlib import Path

import duckdb
import pytest

from tests.support.command import scorehouse

pytestmark = pytest.mark.long

SAMPLES = Path(os.environ.get("SCOREHOUSE_SAMPLES", Path(__file__).parents[3] / "shared" / "data"))
CONNECT = SAMPLES / "amazon_connect_docs"
# As it stands in the sample, where the vendor took the name out.
AGENT = "(Removed)"
PROFILE = {"role": "agent", "team_id": "t1", "time_zone": "UTC", "effective_from": "2019-01-01"}


def without_comments(text: str) -> str:
    """The JSON of a page of documentation: its comments begin with // and may go on in the next line."""
    kept = []
    for line in text.splitlines():
        line = re.sub(r"\s//.*$", "", line)
        if not line.strip() or line.lstrip().startswith(('"', "{", "}", "[", "]")):
            kept.append(line)
    return "\n".join(kept)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published database of May 2019, closed from the documentation's own examples."""
    if not CONNECT.is_dir():
        pytest.skip(f"no sample files in {SAMPLES}")
    landing = tmp_path_factory.mktemp("samples") / "landing"
    for dataset, text in {
        "agents/agents.csv": f"agent_id,name,{','.join(PROFILE)}\n"
        f"{AGENT},Sample Agent,{','.join(PROFILE.values())}\n",
        "teams/teams.csv": "team_id,team_name,department\nt1,Team 1,Department 1\n",
    }.items():
        (landing / dataset).parent.mkdir(parents=True)
        (landing / dataset).write_text(text)
    for sample, entity in {
        "determine-acw-time-1": "agent_events",
        "determine-acw-time-2": "agent_events",
        "evaluationforms-example-output-file-1": "evaluations",
    }.items():
        folder = landing / "amazon_connect" / entity
        folder.mkdir(parents=True, exist_ok=True)
        text = (CONNECT / f"{sample}.jsonc").read_text()
        (folder / f"{sample}.json").write_text(without_comments(text))
    home = landing.parent / "home"
    finished = scorehouse(
        "close", "2019-05", "--home", home, "--landing", landing, "--as-of", "2019-06-03T12:00:00Z"
    )
    assert finished.returncode == 0, finished.stderr
    assert "rejected" not in finished.stderr
    return home / "published" / "scorehouse.duckdb"


def test_connects_after_contact_work_takes_5_005_seconds(published: Path) -> None:
    """The vendor's own sum: from ENDED at 18:55:27.017 to 18:55:32.022; marts have whole seconds.

    The fractions are told apart in the unit test `acw` of stg_amazon_connect__status_events.
    """
    with duckdb.connect(str(published), read_only=True) as connection:
        intervals = connection.execute(
            "select agent_id, started_at, ended_at, seconds from marts.fct_status_interval"
            " where state = 'active'"
        ).fetchall()
    ended = dt.datetime(2019, 5, 25, 18, 55, 27, tzinfo=dt.UTC)
    assert intervals == [(AGENT, ended, ended + dt.timedelta(seconds=5), 5)]
