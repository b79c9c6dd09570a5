"""The simulated centre as vendors' systems would export it: the same months, in the vendor's own records.

Written from the truth after the simulation. What a vendor's system does not carry (other channels,
rosters, surveys …) stays in the datasets of the landing contract.
"""

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb

from ingestion import engine
from ingestion.engine import literal

_FILE_MODE, _FOLDER_MODE = 0o600, 0o700
_UTC = "'%Y-%m-%dT%H:%M:%SZ'"
_AGENT_UUID = "md5(agent_id)::uuid::varchar"
_ARN = f"'arn:aws:connect:eu-central-1:012345678901:instance/simulated/agent/' || {_AGENT_UUID}"


def export(vendor: str, out: Path, with_quirks: bool) -> None:
    """Put `vendor`'s exports into the landing folder `out`, in place of the datasets they feed."""
    with engine.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        for dataset in (
            *("status_events", "interactions", "qa_evaluations"),
            *("tickets", "csat_surveys"),
        ):
            truth = literal(str(out / "_truth" / f"{dataset}.parquet"))
            opened.execute(f"CREATE VIEW {dataset} AS FROM read_parquet({truth})")
        WRITERS[vendor](opened, out, with_quirks)
    for path in (out / vendor).rglob("*"):
        path.chmod(_FOLDER_MODE if path.is_dir() else _FILE_MODE)


def _asterisk(opened: duckdb.DuckDBPyConnection, out: Path, with_quirks: bool) -> None:
    """One queue log, of inbound calls alone, rotated in the middle."""
    carried = "channel = 'voice' AND direction = 'inbound'"
    _keep_others(opened, out, carried)
    # A quirk is a second line of something, or a line that is no contact.
    twice = "UNION ALL SELECT * FROM paused WHERE event = 'PAUSEALL'" if with_quirks else ""
    rings = (
        "UNION ALL SELECT epoch(answered_at)::BIGINT, 2, interaction_id, queue, agent_id,"
        " 'RINGNOANSWER', '15000' FROM calls"
        " WHERE answered_at IS NOT NULL AND hash(interaction_id) % 20 = 0"
        if with_quirks
        else ""
    )
    opened.execute(f"""
        CREATE TABLE lines AS
        WITH said AS (
            SELECT *, lag(status) OVER (PARTITION BY agent_id ORDER BY occurred_at, event_id)
                AS before, epoch(occurred_at)::BIGINT AS moment
            FROM status_events
        ),
        sessions AS (
            SELECT moment, 4 AS place, 'NONE' AS callid, 'all' AS queue, agent_id AS member,
                CASE WHEN status = 'away' THEN 'REMOVEMEMBER' ELSE 'ADDMEMBER' END AS event,
                '' AS parameters
            FROM said
            WHERE status = 'away' AND before <> 'away'
               OR status <> 'away' AND coalesce(before, 'away') = 'away'
               OR status IN ('available', 'active') AND before IN ('available', 'active')
        ),
        paused AS (
            SELECT moment, 5 AS place, 'NONE' AS callid, 'NONE' AS queue, agent_id AS member,
                CASE WHEN status = 'unavailable' THEN 'PAUSEALL' ELSE 'UNPAUSEALL' END AS event,
                coalesce(CASE WHEN status = 'unavailable' THEN reason END, '') AS parameters
            FROM said
            WHERE status = 'unavailable'
               OR status IN ('available', 'active') AND before = 'unavailable'
        ),
        calls AS (
            SELECT *, epoch(queued_at)::BIGINT AS entered, epoch(answered_at)::BIGINT AS answered,
                epoch(ended_at)::BIGINT AS ended,
                coalesce(talk_seconds, 0) + coalesce(hold_seconds, 0) AS calltime,
                epoch(answered_at)::BIGINT - epoch(queued_at)::BIGINT AS wait
            FROM interactions WHERE {carried}
        )
        SELECT * FROM sessions UNION ALL SELECT * FROM paused {twice} {rings}
        UNION ALL SELECT entered, 1, interaction_id, queue, 'NONE', 'ENTERQUEUE',
            '|' || customer_id || '|1' FROM calls
        UNION ALL SELECT answered, 3, interaction_id, queue, agent_id, 'CONNECT',
            wait || '|' || answered || '.1|3' FROM calls WHERE answered IS NOT NULL
        UNION ALL SELECT ended, 0, interaction_id, queue, agent_id,
            CASE WHEN outcome = 'transferred' THEN 'BLINDTRANSFER' ELSE 'COMPLETECALLER' END,
            CASE WHEN outcome = 'transferred'
                THEN coalesce(transferred_to, 'other') || '|internal|' ELSE '' END
            || wait || '|' || calltime || '|1'
            FROM calls WHERE answered IS NOT NULL AND ended IS NOT NULL
        UNION ALL SELECT ended, 0.5, interaction_id, queue, agent_id, 'WRAPUPSTART',
            acw_seconds::VARCHAR
            FROM calls WHERE answered IS NOT NULL AND ended IS NOT NULL AND acw_seconds > 0
        UNION ALL SELECT ended, 0, interaction_id, queue, 'NONE', 'ABANDON',
            '1|1|' || (ended - entered)
            FROM calls WHERE answered IS NULL AND ended IS NOT NULL
        """)
    texts = [
        text
        for (text,) in opened.execute(
            "SELECT concat_ws('|', moment, callid, queue, member, event, parameters) FROM lines"
            " ORDER BY moment, place, callid, member"
        ).fetchall()
    ]
    folder = out / "asterisk" / "queue_log"
    folder.mkdir(parents=True)
    middle = len(texts) // 2
    # A log that is copied while it grows: the second file has the end of the first once more.
    overlap = min(100, middle) if with_quirks else 0
    _write(folder / "queue_log.1.gz", texts[:middle], "\n", packed=True)
    _write(folder / "queue_log", texts[middle - overlap :], "\n")


def _amazon_connect(opened: duckdb.DuckDBPyConnection, out: Path, with_quirks: bool) -> None:
    """Contact records and agent events as a stream delivers them, evaluations a file each."""
    channel = "CASE channel WHEN 'back_office' THEN 'TASK' ELSE upper(channel) END"
    carried = "channel IN ('voice', 'chat', 'email', 'back_office')"
    _keep_others(opened, out, carried)
    shutil.rmtree(out / "qa_evaluations")
    opened.execute(f"CREATE TABLE contacts AS FROM interactions WHERE {carried}")

    def instant(value: str) -> str:
        return f"strftime({value}, {_UTC})"

    after_work = "ended_at + to_seconds(coalesce(acw_seconds, 0))"
    records = f"""
        SELECT queued_at AS moment, to_json({{
            'ContactId': interaction_id, 'Channel': {channel},
            'InitiationMethod': CASE WHEN direction = 'outbound' THEN 'OUTBOUND' ELSE 'INBOUND' END,
            'InitiationTimestamp': {instant("queued_at")},
            'DisconnectTimestamp': {instant("ended_at")},
            'LastUpdateTimestamp': {instant("coalesce(" + after_work + ", answered_at, queued_at)")},
            'Queue': {{'Name': queue, 'ARN': 'arn:queue/' || queue,
                'EnqueueTimestamp': {instant("queued_at")}}},
            'Agent': CASE WHEN agent_id IS NOT NULL THEN {{
                'ARN': {_ARN}, 'Username': agent_id,
                'ConnectedToAgentTimestamp': {instant("answered_at")},
                'AgentInteractionDuration': talk_seconds, 'CustomerHoldDuration': hold_seconds,
                'AfterContactWorkDuration': acw_seconds,
                'AfterContactWorkStartTimestamp': CASE WHEN answered_at IS NOT NULL
                    THEN {instant("ended_at")} END}} END,
            'TransferredToEndpoint': {{'Type': 'TELEPHONE_NUMBER', 'Address': transferred_to}},
            'Attributes': {{'customer_id': customer_id, 'topic': topic, 'case_id': case_id,
                'outcome': outcome}}}})::VARCHAR AS record
        FROM contacts"""
    if with_quirks:
        # An older version of a record comes after the newer one, and records come twice.
        records += (
            " UNION ALL SELECT queued_at + INTERVAL 1 DAY, to_json({'ContactId': interaction_id,"
            f" 'Channel': 'VOICE', 'LastUpdateTimestamp': {instant('queued_at')},"
            " 'Queue': {'Name': queue}})::VARCHAR"
            " FROM contacts WHERE ended_at > queued_at AND hash(interaction_id) % 50 = 0"
        )
    _stream(opened, out / "amazon_connect" / "contact_records", records, with_quirks)

    opened.execute(f"""
        CREATE TABLE held AS
        SELECT agent_id, interaction_id, answered_at AS since, ended_at AS until,
            'CONNECTED' AS state FROM contacts WHERE answered_at IS NOT NULL
        UNION ALL SELECT agent_id, interaction_id, ended_at, {after_work}, 'ENDED'
            FROM contacts WHERE answered_at IS NOT NULL AND acw_seconds > 0
        """)
    opened.execute("""
        CREATE TABLE points AS
        WITH moments AS (
            SELECT agent_id, occurred_at AS moment FROM status_events
            UNION SELECT agent_id, since FROM held
            UNION SELECT agent_id, until FROM held WHERE until IS NOT NULL
        ),
        said AS (
            SELECT agent_id, occurred_at, arg_max(status, event_id) AS status,
                arg_max(reason, event_id) AS reason
            FROM status_events GROUP BY ALL
        )
        SELECT moments.agent_id, moments.moment, said.status, said.reason,
            said.occurred_at = moments.moment AS is_said,
            lag(said.status) OVER (PARTITION BY moments.agent_id ORDER BY moments.moment) AS before
        FROM moments ASOF JOIN said
            ON moments.agent_id = said.agent_id AND moments.moment >= said.occurred_at
        """)
    snapshot = """
        'CurrentAgentSnapshot': {
            'AgentStatus': {'Name': CASE status WHEN 'away' THEN 'Offline'
                WHEN 'unavailable' THEN coalesce(reason, 'Unavailable') ELSE 'Available' END,
                'Type': CASE status WHEN 'away' THEN 'OFFLINE'
                WHEN 'unavailable' THEN 'CUSTOM' ELSE 'ROUTABLE' END},
            'Configuration': {'Username': agent_id},
            'Contacts': coalesce(contacts, [])}"""
    events = f"""
        WITH busy AS (
            SELECT points.agent_id, points.moment, list({{'ContactId': interaction_id, 'State': state,
                'StateStartTimestamp': {instant("since")}}} ORDER BY interaction_id) AS contacts
            FROM points INNER JOIN held ON points.agent_id = held.agent_id
                AND points.moment >= since AND points.moment < coalesce(until, points.moment + INTERVAL 1 DAY)
            GROUP BY ALL
        )
        SELECT moment, to_json({{
            'AgentARN': {_ARN},
            'EventId': md5(agent_id || moment)::uuid::varchar, 'EventTimestamp': {instant("moment")},
            'EventType': CASE WHEN is_said AND status = 'away' THEN 'LOGOUT'
                WHEN is_said AND coalesce(before, 'away') = 'away' THEN 'LOGIN'
                ELSE 'STATE_CHANGE' END, {snapshot}}})::VARCHAR AS record
        FROM points LEFT JOIN busy USING (agent_id, moment)
        WHERE status <> 'away' OR is_said"""
    if with_quirks:
        events += f"""
        UNION ALL SELECT moment + to_seconds(120 * beat), to_json({{
            'AgentARN': {_ARN},
            'EventId': md5(agent_id || moment || beat)::uuid::varchar,
            'EventTimestamp': {instant("moment + to_seconds(120 * beat)")}, 'EventType': 'HEART_BEAT',
            'CurrentAgentSnapshot': {{'AgentStatus': {{'Name': 'Available', 'Type': 'ROUTABLE'}},
                'Configuration': {{'Username': agent_id}}, 'Contacts': []}}}})::VARCHAR
        FROM (SELECT *, lead(moment) OVER (PARTITION BY agent_id ORDER BY moment) AS following FROM points)
        CROSS JOIN range(1, 6) AS beats(beat)
        WHERE is_said AND status = 'away'
            AND moment + to_seconds(120 * beat) < coalesce(following, moment + INTERVAL 1 DAY)"""
    _stream(opened, out / "amazon_connect" / "agent_events", events, with_quirks)

    metadata = f"""{{
        'contactId': interaction_id, 'agentId': {_AGENT_UUID}, 'evaluator': evaluator_id,
        'evaluationSubmitTimestamp': {instant("evaluated_at")}"""
    score = (
        "'score': {'percentage': CASE WHEN critical_fail THEN 0 ELSE score END,"
        " 'automaticFail': coalesce(critical_fail, false)}"
    )
    evaluations = f"""
        SELECT evaluated_at AS moment, to_json({{'evaluationId': evaluation_id,
            'metadata': {metadata}, {score}}}}})::VARCHAR AS record FROM qa_evaluations"""
    if with_quirks:
        # In two files: the second repeats who and when, and has no score.
        evaluations += f"""
        UNION ALL SELECT evaluated_at + INTERVAL 1 MINUTE, to_json({{
            'evaluationId': evaluation_id, 'metadata': {metadata}}}}})::VARCHAR
        FROM qa_evaluations WHERE hash(evaluation_id) % 3 = 0"""
    _stream(opened, out / "amazon_connect" / "evaluations", evaluations, False)


def _genesys_cloud(opened: duckdb.DuckDBPyConnection, out: Path, with_quirks: bool) -> None:
    """Pages of the analytics interface: conversations, users' statuses, evaluations."""
    carried = "channel <> 'back_office'"
    _keep_others(opened, out, carried)
    shutil.rmtree(out / "qa_evaluations")
    opened.execute(f"CREATE TABLE contacts AS FROM interactions WHERE {carried}")

    def instant(value: str) -> str:
        return f"strftime({value}, '%Y-%m-%dT%H:%M:%S.000Z')"

    def segment(kind: str, since: str, until: str, more: str = "") -> str:
        return (
            f"{{'segmentType': '{kind}', 'segmentStart': {instant(since)},"
            f" 'segmentEnd': {instant(until)}, 'queueId': queue{more}}}"
        )

    def metric(name: str, seconds: str, at: str) -> str:
        # Some milliseconds more than whole seconds, as clocks have it.
        more = f"+ hash(interaction_id || '{name}') % 150" if with_quirks else ""
        return (
            f"CASE WHEN {seconds} > 0 THEN {{'name': '{name}', 'emitDate': {instant(at)},"
            f" 'value': {seconds} * 1000 {more}}} END"
        )

    # A member of the page that is null is not in it.
    media = (
        "'mediaType': CASE channel WHEN 'social' THEN 'message' ELSE channel END,"
        " 'messageType': CASE channel WHEN 'social' THEN 'facebook' END, 'direction': direction"
    )
    address = (
        "CASE WHEN direction = 'inbound' THEN 'tel:' || customer_id ELSE 'tel:+4900000' END AS ani,"
        " CASE WHEN direction = 'outbound' THEN 'tel:' || customer_id ELSE 'tel:+4900000' END AS dnis"
    )
    talk_until = "ended_at - to_seconds(coalesce(hold_seconds, 0))"
    work_until = "ended_at + to_seconds(coalesce(acw_seconds, 0))"
    disconnect = (
        ", 'disconnectType': CASE outcome WHEN 'transferred' THEN 'transfer' ELSE 'peer' END"
    )
    unanswered = (
        f"""CASE WHEN answered_at IS NOT NULL AND direction = 'inbound'
            AND hash(interaction_id) % 20 = 0 THEN {{
            'purpose': 'agent', 'userId': 'A00001', 'sessions': [{{{media}, 'ani': ani, 'dnis': dnis,
            'segments': [{segment("alert", "queued_at", "answered_at")},
                {segment("wrapup", "answered_at", "answered_at + INTERVAL 57 SECOND")}],
            'metrics': [{{'name': 'tNotResponding', 'value': 7421}}, {{'name': 'tAcw', 'value': 57000}}]
            }}]}} END,"""
        if with_quirks
        else ""
    )

    def conversation(agent: str, ended: str) -> str:
        return f"""to_json({{
            'conversationId': interaction_id, 'conversationStart': {instant("queued_at")},
            'conversationEnd': {ended}, 'originatingDirection': direction,
            'participants': list_filter([
                {{'purpose': 'customer', 'externalContactId': CASE WHEN hash(customer_id) % 2 = 0
                    THEN customer_id END, 'sessions': [{{{media}, 'ani': ani, 'dnis': dnis, 'segments': [
                    {segment("interact", "queued_at", "ended_at")}]}}]}}::JSON,
                CASE WHEN direction = 'inbound' THEN {{
                    'purpose': 'acd', 'sessions': [{{{media}, 'ani': ani, 'dnis': dnis, 'segments': [
                    {segment("interact", "queued_at", "coalesce(answered_at, ended_at)")}]}}]}} END::JSON,
                {unanswered}
                {agent}
            ], lambda one: one IS NOT NULL),
            'evaluations': evaluations}})::VARCHAR"""

    agent = f"""CASE WHEN agent_id IS NOT NULL THEN {{
            'purpose': 'agent', 'userId': agent_id, 'sessions': [{{{media}, 'ani': ani, 'dnis': dnis,
            'segments': CASE WHEN answered_at IS NULL
                THEN [{segment("dialing", "queued_at", "ended_at", ", 'disconnectType': 'peer'")}]
                ELSE [{segment("alert", "queued_at", "answered_at", ", 'disconnectType': NULL")},
                {segment("interact", "answered_at", talk_until, ", 'disconnectType': NULL")},
                {segment("hold", talk_until, "ended_at", disconnect)},
                {segment("wrapup", "ended_at", work_until, disconnect)}] END,
            'metrics': list_filter([
                {metric("tTalkComplete", "talk_seconds", "ended_at")},
                {metric("tHeldComplete", "hold_seconds", "ended_at")},
                {metric("tAcw", "acw_seconds", work_until)}], lambda one: one IS NOT NULL)}}]}} END::JSON,
        CASE WHEN outcome = 'transferred' THEN {{
            'purpose': 'external', 'sessions': [{{{media}, 'dnis': transferred_to, 'segments': [
            {segment("interact", "ended_at", "ended_at")}]}}]}} END::JSON"""

    # Every third evaluation is exported within its conversation alone, one of fifty was deleted.
    opened.execute(f"""
        CREATE TABLE told AS
        SELECT interaction_id, list({{'evaluationId': evaluation_id, 'evaluationStatus': 'FINISHED',
            'eventTime': {instant("evaluated_at")}, 'userId': agent_id, 'evaluatorId': evaluator_id,
            'released': true, 'deleted': is_deleted, 'oTotalScore': CASE WHEN critical_fail THEN 0
            ELSE score END}} ORDER BY evaluation_id) AS evaluations
        FROM (
            SELECT *, false AS is_deleted FROM qa_evaluations
            UNION ALL SELECT * REPLACE (evaluation_id || '-deleted' AS evaluation_id), true
            FROM qa_evaluations WHERE {str(with_quirks).lower()} AND hash(evaluation_id) % 50 = 0
        )
        GROUP BY interaction_id
        """)
    records = f"""
        SELECT queued_at AS moment, {conversation(agent, instant("ended_at"))} AS record
        FROM (SELECT *, {address} FROM contacts) LEFT JOIN told USING (interaction_id)"""
    if with_quirks:
        # Delivered before it was over, and once more after all the others.
        going_on = agent.replace(instant("ended_at"), "NULL")
        records += f"""
            UNION ALL SELECT queued_at + INTERVAL 1 DAY, {conversation(going_on, "NULL")}
            FROM (SELECT *, {address}, NULL AS evaluations FROM contacts
                WHERE hash(interaction_id) % 50 = 0)"""
    _pages(opened, out / "genesys_cloud" / "conversation_details", "conversations", records)

    opened.execute("""
        CREATE TABLE held AS
        SELECT agent_id, answered_at AS since, ended_at + to_seconds(coalesce(acw_seconds, 0)) AS until
        FROM contacts WHERE answered_at IS NOT NULL
        """)
    opened.execute("""
        CREATE TABLE points AS
        WITH moments AS (
            SELECT agent_id, occurred_at AS moment FROM status_events
            UNION SELECT agent_id, since FROM held
            UNION SELECT agent_id, until FROM held WHERE until IS NOT NULL
        ),
        said AS (
            SELECT agent_id, occurred_at, arg_max(status, event_id) AS status,
                arg_max(reason, event_id) AS reason
            FROM status_events GROUP BY ALL
        ),
        busy AS (
            SELECT DISTINCT moments.agent_id, moments.moment
            FROM moments INNER JOIN held ON moments.agent_id = held.agent_id
                AND moments.moment >= since AND moments.moment < coalesce(until, moment + INTERVAL 1 DAY)
        )
        SELECT moments.agent_id, moments.moment,
            CASE WHEN said.status = 'away' THEN 'OFFLINE' WHEN said.status <> 'unavailable' THEN 'ON_QUEUE'
                WHEN reason IN ('break', 'meeting', 'training') THEN upper(reason) ELSE 'BUSY' END AS presence,
            CASE WHEN said.status IN ('away', 'unavailable') THEN 'OFF_QUEUE'
                WHEN busy.agent_id IS NOT NULL THEN 'INTERACTING' ELSE 'IDLE' END AS routing,
            CASE WHEN said.status = 'unavailable' THEN md5(reason)::UUID::VARCHAR END AS presence_id,
            said.occurred_at = moments.moment AS is_said
        FROM moments ASOF JOIN said
            ON moments.agent_id = said.agent_id AND moments.moment >= said.occurred_at
        LEFT JOIN busy ON moments.agent_id = busy.agent_id AND moments.moment = busy.moment
        """)
    opened.execute("""
        CREATE TABLE spans AS
        SELECT agent_id, kind, status, presence_id, moment AS since,
            lead(moment) OVER (PARTITION BY agent_id, kind ORDER BY moment) AS until
        FROM (
            FROM (
                SELECT agent_id, 'presence' AS kind, presence AS status, presence_id, moment, is_said
                    FROM points
                UNION ALL SELECT agent_id, 'routing', routing, NULL, moment, false FROM points
            )
            QUALIFY is_said OR lag((status, presence_id)) OVER (PARTITION BY agent_id, kind ORDER BY moment)
                IS DISTINCT FROM (status, presence_id)
        )
        """)
    # A day's query has what began on it. With quirks it has what touches it, cut at its end or left open.
    touches = (
        "since < day + INTERVAL 1 DAY AND coalesce(until > day, true)"
        if with_quirks
        else "date_trunc('day', since) = day"
    )
    seen_until = (
        "CASE WHEN until > day + INTERVAL 1 DAY THEN CASE WHEN hash(agent_id || since) % 2 = 0"
        " THEN day + INTERVAL 1 DAY END ELSE until END"
        if with_quirks
        else "until"
    )
    details = f"""
        WITH days AS (
            SELECT unnest(generate_series((SELECT min(date_trunc('day', since)) FROM spans),
                (SELECT max(date_trunc('day', since)) FROM spans), INTERVAL 1 DAY)) AS day
        ),
        seen AS (
            SELECT day, agent_id, kind, status, presence_id, since, {seen_until} AS until
            FROM days INNER JOIN spans ON {touches}
        )
        SELECT day AS moment, to_json({{'userId': agent_id,
            'primaryPresence': list({{'startTime': {instant("since")}, 'endTime': {instant("until")},
                'systemPresence': status, 'organizationPresenceId': presence_id}} ORDER BY since)
                FILTER (WHERE kind = 'presence'),
            'routingStatus': list({{'startTime': {instant("since")}, 'endTime': {instant("until")},
                'routingStatus': status}} ORDER BY since) FILTER (WHERE kind = 'routing')
            }})::VARCHAR AS record
        FROM seen GROUP BY day, agent_id"""
    _pages(opened, out / "genesys_cloud" / "user_details", "userDetails", details)

    def evaluation(identity: str, status: str, score: str, changed: str) -> str:
        return f"""to_json({{'id': {identity}, 'status': '{status}',
            'conversation': {{'id': interaction_id}}, 'agent': {{'id': agent_id}},
            'evaluator': {{'id': evaluator_id}}, 'changedDate': {instant(changed)},
            'submittedDate': {instant(changed)}, 'releaseDate': {instant(changed)},
            'answers': {{'totalScore': {score}, 'anyFailedKillQuestions': coalesce(critical_fail, false)}}
            }})::VARCHAR"""

    evaluations = f"""
        SELECT evaluated_at AS moment, {
        evaluation(
            "evaluation_id",
            "FINISHED",
            "CASE WHEN critical_fail THEN 0 ELSE score END",
            "evaluated_at",
        )
    } AS record
        FROM qa_evaluations
        WHERE NOT {str(with_quirks).lower()} OR critical_fail OR hash(evaluation_id) % 3 > 0
            OR interaction_id IS NULL OR interaction_id NOT IN (SELECT interaction_id FROM contacts)"""
    if with_quirks:
        # Scored anew since; deleted since; not yet finished.
        evaluations += f"""
            UNION ALL SELECT evaluated_at + INTERVAL 1 DAY, {
            evaluation("evaluation_id", "FINISHED", "1", "evaluated_at - INTERVAL 1 MINUTE")
        }
            FROM qa_evaluations WHERE critical_fail OR hash(evaluation_id) % 3 = 1
            UNION ALL SELECT evaluated_at, {
            evaluation("evaluation_id || '-deleted'", "FINISHED", "1", "evaluated_at")
        }
            FROM qa_evaluations WHERE hash(evaluation_id) % 50 = 0
            UNION ALL SELECT evaluated_at, {
            evaluation("evaluation_id || '-pending'", "PENDING", "1", "evaluated_at")
        }
            FROM qa_evaluations WHERE hash(evaluation_id) % 10 = 0"""
    _pages(opened, out / "genesys_cloud" / "evaluations", "entities", evaluations)


def _zendesk(opened: duckdb.DuckDBPyConnection, out: Path, with_quirks: bool) -> None:
    """Tickets, ratings and users in pages of the interface, metrics as a warehouse's CSV, states by webhook.

    Ids are the truth's own, so that both ways can be compared row by row; users have numbers, as in
    Zendesk, and the agent's id as their external id.
    """
    folder = out / "zendesk"
    for dataset in ("status_events", "csat_surveys"):
        shutil.rmtree(out / dataset)
    shutil.rmtree(out / "tickets")
    (out / "tickets").mkdir(mode=_FOLDER_MODE)
    others = out / "tickets" / "other_work.parquet"
    opened.execute(
        f"COPY (FROM tickets WHERE kind <> 'ticket') TO {literal(str(others))} (FORMAT parquet)"
    )
    others.chmod(_FILE_MODE)
    opened.execute("""
        CREATE TABLE users AS
        SELECT agent_id, 360000000000 + row_number() OVER (ORDER BY agent_id) AS user_id
        FROM (SELECT agent_id FROM status_events UNION SELECT agent_id FROM tickets
            UNION SELECT agent_id FROM csat_surveys) WHERE agent_id IS NOT NULL
        """)

    def instant(value: str) -> str:
        return f"strftime({value}, {_UTC})"

    _pages(
        opened,
        folder / "users",
        "users",
        f"""SELECT user_id AS moment, to_json({{'id': user_id, 'role': 'agent',
            'external_id': agent_id, 'updated_at': {instant("TIMESTAMP '2020-01-01'")}}})::VARCHAR
            AS record FROM users""",
    )
    # Four days after it was solved Zendesk closes a ticket, by itself.
    opened.execute("""
        CREATE TABLE worked AS
        SELECT tickets.*, user_id, hash(ticket_id) % 10 = 0 AS is_archived,
            least(resolved_at + INTERVAL 4 DAY, (SELECT max(resolved_at) FROM tickets)) AS closed_at,
            CASE status WHEN 'resolved' THEN 'solved' WHEN 'reopened' THEN 'open'
                WHEN 'cancelled' THEN 'closed'
                WHEN 'open' THEN CASE WHEN agent_id IS NULL THEN 'new' ELSE 'open' END
                WHEN 'pending' THEN if(hash(ticket_id) % 2 = 0, 'pending', 'hold')
                ELSE status END AS its_status
        FROM tickets LEFT JOIN users USING (agent_id) WHERE kind = 'ticket'
        """)

    def ticket(status: str, updated_at: str) -> str:
        return f"""to_json({{'id': ticket_id, 'status': {status}, 'assignee_id': user_id,
            'created_at': {instant("created_at")}, 'updated_at': {instant(updated_at)},
            'generated_timestamp': epoch({updated_at})::BIGINT,
            'tags': CASE WHEN status = 'cancelled' THEN ['closed_by_merge'] ELSE [] END}})::VARCHAR"""

    newest = "coalesce(CASE WHEN status = 'closed' THEN closed_at END, resolved_at, created_at)"
    tickets = f"SELECT created_at AS moment, {ticket('its_status', newest)} AS record FROM worked"
    if with_quirks:
        # An incremental export has older versions of a ticket, the same record twice, and what was deleted.
        tickets += f"""
            UNION ALL SELECT resolved_at + INTERVAL 1 DAY, {ticket("'open'", "created_at")}
            FROM worked WHERE resolved_at > created_at AND hash(ticket_id) % 20 = 1
            UNION ALL SELECT created_at + INTERVAL 1 DAY, {ticket("its_status", newest)}
            FROM worked WHERE hash(ticket_id) % 20 = 2
            UNION ALL SELECT created_at, to_json({{'id': 'D' || ticket_id, 'status': 'deleted',
                'assignee_id': user_id, 'created_at': {instant("created_at")},
                'updated_at': {instant("created_at")}}})::VARCHAR
            FROM worked WHERE hash(ticket_id) % 20 = 3"""
    _pages(opened, folder / "tickets", "tickets", tickets)

    # A warehouse writes UTC and leaves the zone out. It has no metrics of tickets that were archived before.
    naive = "'%Y-%m-%d %H:%M:%S'"
    (folder / "ticket_metrics").mkdir()
    metrics = literal(str(folder / "ticket_metrics" / "ticket_metric_data.csv"))
    opened.execute(f"""
        COPY (SELECT 'M' || ticket_id AS id, ticket_id, strftime(created_at, {naive}) AS created_at,
                strftime(resolved_at, {naive}) AS solved_at,
                if(status = 'reopened', 1, 0) AS reopens,
                strftime({newest}, {naive}) AS updated_at
            FROM worked WHERE NOT is_archived ORDER BY created_at, ticket_id)
        TO {metrics} (FORMAT csv, HEADER)
        """)

    def change(field: str, value: str, before: str) -> str:
        return (
            f"{{'type': CASE WHEN {before} IS NULL THEN 'Create' ELSE 'Change' END,"
            f" 'field_name': '{field}', 'value': {value}::VARCHAR, 'previous_value': {before}::VARCHAR}}"
        )

    def audit(number: int, moment: str, events: str) -> str:
        return f"""SELECT {moment} AS moment, to_json({{'id': created_number * 10 + {number},
            'ticket_id': ticket_id, 'created_at': {instant(moment)}, 'events': [{events}]}})::VARCHAR
            AS record FROM (SELECT *, row_number() OVER (ORDER BY created_at, ticket_id)
            AS created_number FROM worked WHERE is_archived)"""

    opening = change("status", "'open'", "NULL") + ", " + change("assignee_id", "user_id", "NULL")
    reopened_at = "(resolved_at + INTERVAL 1 MINUTE)"
    audits = " UNION ALL ".join(
        (
            audit(1, "created_at", opening),
            audit(2, "resolved_at", change("status", "'solved'", "'open'"))
            + " WHERE resolved_at IS NOT NULL",
            audit(3, "closed_at", change("status", "'closed'", "'solved'"))
            + " WHERE status = 'closed'",
            audit(4, reopened_at, change("status", "'open'", "'solved'"))
            + " WHERE status = 'reopened'",
        )
    )
    _pages(opened, folder / "ticket_audits", "audits", audits)

    def rating(score: str, updated_at: str) -> str:
        return f"""to_json({{'id': survey_id, 'ticket_id': number, 'assignee_id': user_id,
            'score': {score}, 'created_at': {instant("sent_at")},
            'updated_at': {instant(updated_at)}}})::VARCHAR"""

    opened.execute("""
        CREATE TABLE rated AS
        SELECT csat_surveys.*, user_id, row_number() OVER (ORDER BY sent_at, survey_id) AS number,
            CASE WHEN score >= 4 THEN 'good' WHEN score IS NOT NULL THEN 'bad' ELSE 'offered' END
                AS rating,
            coalesce(responded_at, sent_at) AS rated_at
        FROM csat_surveys LEFT JOIN users USING (agent_id)
        """)
    ratings = f"SELECT sent_at AS moment, {rating('rating', 'rated_at')} AS record FROM rated"
    if with_quirks:
        # Customers change their minds: the older rating comes in a later page. And some were never asked.
        ratings += f"""
            UNION ALL SELECT sent_at + INTERVAL 2 DAY,
                {rating("if(score >= 4, 'bad', 'good')", "sent_at + INTERVAL 1 SECOND")}
            FROM rated WHERE responded_at > sent_at + INTERVAL 1 SECOND
                AND hash(survey_id) % 5 = 0
            UNION ALL SELECT sent_at, to_json({{'id': 'U' || survey_id,
                'ticket_id': 100000000 + number, 'assignee_id': user_id, 'score': 'unoffered',
                'created_at': {instant("sent_at")}, 'updated_at': {instant("sent_at")}}})::VARCHAR
            FROM rated WHERE hash(survey_id) % 9 = 0"""
    _pages(opened, folder / "satisfaction_ratings", "satisfaction_ratings", ratings)

    # Who works is online; of a status that the agent had already, Zendesk tells nothing.
    opened.execute("""
        CREATE TABLE states AS
        WITH said AS (
            SELECT agent_id, occurred_at, arg_max(status, event_id) AS status,
                arg_max(reason, event_id) AS reason
            FROM status_events GROUP BY ALL
        ),
        named AS (
            SELECT agent_id, user_id, occurred_at,
                CASE WHEN status = 'away' THEN 'offline'
                    WHEN status <> 'unavailable' THEN 'online'
                    WHEN reason IN ('break', 'meeting', 'training') THEN
                        upper(reason[1]) || reason[2:]
                    WHEN reason = 'back_office' THEN 'Back office'
                    WHEN reason IS NULL OR reason = 'other' THEN 'away'
                    ELSE 'transfers_only' END AS name
            FROM said JOIN users USING (agent_id)
        )
        SELECT *, lag(name) OVER (PARTITION BY agent_id ORDER BY occurred_at) AS before
        FROM named
        QUALIFY before IS DISTINCT FROM name
        """)
    _stream(
        opened,
        folder / "agent_states",
        f"""SELECT occurred_at AS moment, to_json({{
            'id': md5(agent_id || occurred_at), 'type': 'zen:event-type:agent.unified_state_changed',
            'subject': 'zen:agent:' || user_id, 'detail': {{'agent_id': user_id::VARCHAR}},
            'event': {{'new_unified_state': {{'name': name}},
                'previous_unified_state': {{'name': coalesce(before, 'offline')}},
                'updated_at': {instant("occurred_at")}}}}})::VARCHAR AS record FROM states""",
        with_quirks,
    )
    if with_quirks:
        # Somebody also asks the interface how it stands: what it says, the webhook has said.
        _pages(
            opened,
            folder / "agent_states",
            "data",
            f"""SELECT occurred_at AS moment, to_json({{'type': 'agent_availabilities',
                'attributes': {{'agent_id': user_id, 'agent_status': {{'name': name,
                    'updated_at': {instant("occurred_at")}}}}}}})::VARCHAR AS record
                FROM states QUALIFY row_number() OVER (PARTITION BY agent_id
                    ORDER BY occurred_at DESC) = 1""",
        )


def _pages(opened: duckdb.DuckDBPyConnection, folder: Path, name: str, records: str) -> None:
    """Records in pages of a thousand, as interfaces give them, in the list `name`."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = opened.execute(
        "SELECT page, list(record ORDER BY place) FROM (SELECT record, place, (place - 1) // 1000 AS page"
        " FROM (SELECT record, row_number() OVER (ORDER BY moment, record) AS place"
        f" FROM ({records}))) GROUP BY page ORDER BY page"
    ).fetchall()
    for number, texts in pages:
        page = f'{{"{name}":[{",".join(texts)}],"count":{len(texts)}}}'
        _write(folder / f"{name}_{number + 1:04d}.json", [page], "")


def _keep_others(opened: duckdb.DuckDBPyConnection, out: Path, carried: str) -> None:
    """Take the datasets that the vendor feeds out of the landing folder, but for other contacts."""
    shutil.rmtree(out / "status_events")
    shutil.rmtree(out / "interactions")
    folder = out / "interactions"
    folder.mkdir(mode=_FOLDER_MODE)
    path = folder / "other_contacts.parquet"
    opened.execute(
        f"COPY (FROM interactions WHERE NOT ({carried})) TO {literal(str(path))} (FORMAT parquet)"
    )
    path.chmod(_FILE_MODE)


def _stream(
    opened: duckdb.DuckDBPyConnection, folder: Path, records: str, with_quirks: bool
) -> None:
    """Records as a delivery stream puts them down: by the hour, one object after the other.

    With quirks every fiftieth comes twice, gzip and not.
    """
    hours = opened.execute(
        "SELECT strftime(moment, '%Y/%m/%d/%H') AS hour, list(record ORDER BY moment, record)"
        f" FROM ({records}) GROUP BY hour ORDER BY hour"
    ).fetchall()
    for number, (hour, texts) in enumerate(hours):
        (folder / hour).mkdir(parents=True)
        twice = texts[::50] if with_quirks else []
        name = f"stream-1-{hour.replace('/', '-')}-00-00"
        _write(folder / hour / name, [*texts, *twice], "", packed=with_quirks and number % 2 == 0)


def _write(path: Path, texts: list[str], end: str, packed: bool = False) -> None:
    content = "".join(text + end for text in texts).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if packed else content)


WRITERS: dict[str, Callable[[duckdb.DuckDBPyConnection, Path, bool], None]] = {
    "asterisk": _asterisk,
    "amazon_connect": _amazon_connect,
    "genesys_cloud": _genesys_cloud,
    "zendesk": _zendesk,
}
"""What writes each vendor's exports."""
