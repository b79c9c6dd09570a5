"""One small centre's month: every mart to the last digit, and figures of it that were worked out by hand."""

import csv
import io

import pytest

from ingestion import Home
from orchestration.project import MANIFEST
from orchestration.publication import mart_names
from tests.golden.marts import GOLDEN, close_twice, csv_texts
from tests.integration.scenes import Stage, scene

# A scene waits for its turn: see scenes.py.
pytestmark = pytest.mark.timeout(1800)

# (mart, the row, column, figure): tests/golden/README.md has the arithmetic.
OCTOBER = {"month": "2026-10-01"}
QUALITY = {"kpi": "average_quality_score", **OCTOBER}
BY_HAND = [
    ("fct_agent_day", {"agent_id": "ana", "business_date": "2026-10-05"}, "active_seconds", 2460),
    ("fct_agent_day", {"agent_id": "ana", "business_date": "2026-10-05"}, "concurrency", 2160 / 1860),
    ("fct_agent_day", {"agent_id": "ana", "business_date": "2026-10-05"}, "adherent_seconds", 20100),
    ("fct_agent_day", {"agent_id": "ana", "business_date": "2026-10-25"}, "logged_in_seconds", 25200),
    ("fct_agent_day", {"agent_id": "cleo", "business_date": "2026-11-01"}, "logged_in_seconds", 18000),
    ("fct_agent_day", {"agent_id": "ben", "business_date": "2026-10-12"}, "logged_in_seconds", 43200),
    ("fct_agent_month", {"agent_id": "ana", **OCTOBER}, "aht_seconds", 645.0),
    ("fct_agent_month", {"agent_id": "ana", **OCTOBER}, "fcr", 0.5),
    ("fct_agent_month", {"agent_id": "cleo", **OCTOBER}, "logged_in_seconds", 640800),
    ("agent_kpi_month", {"agent_id": "ana", **QUALITY}, "value", 90.0),
    ("agent_kpi_month", {"agent_id": "ana", **QUALITY}, "standard_error", (28 / 3) ** 0.5),
    ("agent_kpi_month", {"agent_id": "ben", **QUALITY}, "value", 35.75),
    ("monthly_performance_summary", {"agent_id": "ana", "revision": "1"}, "productivity_score", 54.0),
    ("monthly_performance_summary", {"agent_id": "ana", "revision": "2"}, "productivity_score", 53.4),
    ("monthly_performance_summary", {"agent_id": "ben", "revision": "1"}, "productivity_target", 37.0),
    ("monthly_performance_summary", {"agent_id": "ben", "revision": "1"}, "productivity_variance", -19.7),
    ("fct_queue_day", {"channel": "voice", "business_date": "2026-10-05"}, "service_level", 0.5),
    ("fct_queue_day", {"channel": "voice", "business_date": "2026-10-05"}, "abandon_rate", 0.5),
    ("fct_attendance", {"shift_id": "ben-06"}, "late_seconds", 600),
    ("fct_attendance", {"shift_id": "ben-06"}, "left_early_seconds", 1800),
]  # fmt: skip


@scene(closes=2)
def golden_home(stage: Stage) -> Home:
    return close_twice(stage.folder / "golden")


def test_every_mart_is_its_golden_file(golden_home: Home) -> None:
    golden = {path.stem: path.read_text() for path in GOLDEN.glob("*.csv")}
    found = csv_texts(golden_home)
    assert golden.keys() == found.keys() == set(mart_names(MANIFEST))
    for mart, text in found.items():
        assert text == golden[mart], f"{mart}: `make golden` and read the diff"


@pytest.mark.parametrize(("mart", "row", "column", "figure"), BY_HAND)
def test_golden_files_hold_what_was_worked_out_by_hand(
    mart: str, row: dict[str, str], column: str, figure: float
) -> None:
    lines = csv.DictReader(io.StringIO((GOLDEN / f"{mart}.csv").read_text()))
    found = [line[column] for line in lines if row.items() <= line.items()]
    assert [float(text) for text in found] == [figure]
