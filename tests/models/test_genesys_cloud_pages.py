"""Pages of Genesys Cloud's interface, as they lie in the landing folder, against what the vendor's own examples say."""

import json
from collections.abc import Mapping
from typing import Any

import duckdb
import pytest

from ingestion import Home, ingest
from tests.support.warehouse import run_dbt

MODELS = ("stg_landing__interactions", "stg_landing__status_events", "stg_landing__qa_evaluations")
START = "2025-03-03T17:31:47"


def segment(kind: str, since: str, until: str) -> dict[str, str]:
    return {"segmentType": kind, "segmentStart": since, "segmentEnd": until, "queueId": "q1"}


def participant(purpose: str, segments: list[dict[str, str]], **more: Any) -> dict[str, Any]:
    times = {"metrics": [{"name": name, "value": ms} for name, ms in more.pop("times", {}).items()]}
    return {
        "purpose": purpose,
        **more,
        "sessions": [{"mediaType": "voice", "ani": "tel:+555", "segments": segments, **times}],
    }


# An agent did not respond, and has after-contact work for it; the next one talked 374.894 s.
CONVERSATION = {
    "conversationId": "c1",
    "conversationStart": f"{START}.000Z",
    "conversationEnd": "2025-03-03T17:38:14.974Z",
    "originatingDirection": "inbound",
    "participants": [
        participant("customer", [segment("interact", f"{START}.000Z", "2025-03-03T17:38:14.974Z")]),
        participant("acd", [segment("interact", f"{START}.652Z", "2025-03-03T17:32:00.063Z")]),
        participant(
            "agent",
            [
                segment("alert", f"{START}.956Z", "2025-03-03T17:31:55.377Z"),
                segment("wrapup", "2025-03-03T17:31:55.626Z", "2025-03-03T17:32:56.626Z"),
            ],
            userId="u1",
            times={"tAlert": 7421, "tNotResponding": 7421, "tAcw": 57000, "tHandle": 57000},
        ),
        participant(
            "agent",
            [
                segment("alert", "2025-03-03T17:31:57.716Z", "2025-03-03T17:32:00.080Z"),
                segment("interact", "2025-03-03T17:32:00.080Z", "2025-03-03T17:38:14.974Z"),
                segment("wrapup", "2025-03-03T17:38:14.974Z", "2025-03-03T17:38:17.974Z"),
            ],
            userId="u2",
            times={"tTalk": 374894, "tTalkComplete": 374894, "tAcw": 3000, "tHandle": 377894},
        ),
    ],
}
# "Evaluation form weights", https://help.mypurecloud.com/?p=144862: a group of two questions with weight 40, one of
# them answered with yes, and one of one question with weight 20, answered with yes: 60 %.
EVALUATION = {
    "id": "e1",
    "status": "FINISHED",
    "conversation": {"id": "c1"},
    "agent": {"id": "u2"},
    "evaluator": {"id": "u9"},
    "submittedDate": "2025-03-04T09:00:00Z",
    "releaseDate": "2025-03-04T09:00:00Z",
    "evaluationForm": {"questionGroups": [{"id": "g1", "weight": 40}, {"id": "g2", "weight": 20}]},
    "answers": {
        "questionGroupScores": [
            {"questionGroupId": "g1", "totalScoreUnweighted": 1, "maxTotalScoreUnweighted": 2},
            {"questionGroupId": "g2", "totalScoreUnweighted": 1, "maxTotalScoreUnweighted": 1},
        ]
    },
}


def status(kind: str, value: str, since: str, until: str | None) -> dict[str, str | None]:
    return {"startTime": since, "endTime": until, kind: value}


# Over midnight: the first day's page cuts what the second day's page has whole.
EVENING, MIDNIGHT, MORNING = (
    "2025-03-03T22:00:00.604Z",
    "2025-03-04T00:00:00Z",
    "2025-03-04T06:00:00Z",
)
FIRST_DAY = {
    "userId": "u2",
    "primaryPresence": [status("systemPresence", "ON_QUEUE", EVENING, MIDNIGHT)],
    "routingStatus": [status("routingStatus", "IDLE", EVENING, MIDNIGHT)],
}
SECOND_DAY = {
    "userId": "u2",
    "primaryPresence": [
        status("systemPresence", "ON_QUEUE", EVENING, MORNING),
        status("systemPresence", "OFFLINE", MORNING, None),
    ],
    "routingStatus": [
        status("routingStatus", "IDLE", EVENING, MORNING),
        status("routingStatus", "OFF_QUEUE", MORNING, None),
    ],
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[dict[str, Any]]]:
    """Model → its rows, as of the end of the year."""
    folder = tmp_path_factory.mktemp("genesys")
    home, landing = Home(folder / "home"), folder / "landing" / "genesys_cloud"
    home.prepare()
    pages = {
        "conversation_details/1.json": {"conversations": [CONVERSATION], "totalHits": 1},
        "user_details/1.json": {"userDetails": [FIRST_DAY], "totalHits": 1},
        "user_details/2.json": {"userDetails": [SECOND_DAY], "totalHits": 1},
        "evaluations/1.json": {"entities": [EVALUATION], "pageSize": 25, "pageNumber": 1},
    }
    for name, page in pages.items():
        path = landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(page))
    ingest(home, folder / "landing")
    wanted = [f"+{model}" for model in MODELS]
    run_dbt(folder, "build", "--select", *wanted, "--exclude-resource-type", "test", "unit_test")
    with duckdb.connect(str(home.root / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return {
            model: connection.execute(f"from staging.{model} order by 1")
            .to_arrow_table()
            .to_pylist()
            for model in MODELS
        }


def test_who_did_not_respond_has_no_contact_and_the_next_one_has_the_vendors_handle_time(
    rows: Mapping[str, list[dict[str, Any]]],
) -> None:
    (contact,) = rows["stg_landing__interactions"]
    assert (contact["interaction_id"], contact["agent_id"], contact["customer_id"]) == (
        "c1", "u2", "+555",
    )  # fmt: skip
    times = [contact[f"{part}_seconds"] for part in ("talk", "hold", "acw")]
    assert (times, sum(times)) == ([375, 0, 3], round(377.894))


def test_a_score_without_a_total_is_that_of_the_vendors_weights(
    rows: Mapping[str, list[dict[str, Any]]],
) -> None:
    (evaluation,) = rows["stg_landing__qa_evaluations"]
    assert (evaluation["agent_id"], evaluation["interaction_id"], evaluation["score"]) == (
        "u2", "c1", 60,
    )  # fmt: skip


def test_a_status_that_two_days_deliver_is_one(rows: Mapping[str, list[dict[str, Any]]]) -> None:
    said = [
        (event["occurred_at"].isoformat(), event["status"])
        for event in rows["stg_landing__status_events"]
    ]
    assert said == [
        ("2025-03-03T22:00:00.604000+00:00", "available"),
        ("2025-03-04T06:00:00+00:00", "away"),
    ]
