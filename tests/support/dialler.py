"""The simulated centre as a system that nobody knows would export it: its own words, local times, semicolons."""

from pathlib import Path

import duckdb

MAPPING = """\
time_zone: Europe/Warsaw
time_format: "%d/%m/%Y %H:%M:%S"
decimal: comma
rows:
  - from: states
    into: status_events
    columns:
      event_id: {template: "dialler/{login}/{since}"}
      agent_id: login
      occurred_at: since
      updated_at: since
      status:
        column: state
        values: {Ready: available, Talking: active, Pause: unavailable, Gone: away}
        other: unclassified
      reason: why
      unit: room
  - from: states
    into: status_events
    skip_if: {until: ""}
    columns:
      event_id: {template: "dialler/{login}/{until}"}
      agent_id: login
      occurred_at: until
      status: {constant: away}
  - from: contacts
    into: interactions
    skip_if: {result: test call}
    columns:
      interaction_id: no
      agent_id: login
      customer_id: caller
      channel:
        column: media
        values: {Phone: voice, Chat: chat, Mail: email, Social: social, Video: video, Desk: back_office}
      direction: {column: way, values: {in: inbound, out: outbound}}
      queue: line
      topic: subject
      case_id: case
      queued_at: arrived
      answered_at: {column: arrived, plus: waited}
      ended_at: finished
      talk_seconds: {column: talked, unit: "hh:mm:ss"}
      hold_seconds: {column: held, unit: minutes}
      acw_seconds: {column: wrapped, unit: milliseconds}
      outcome:
        column: result
        values: {done: resolved, open: unresolved, up: escalated, passed: transferred, lost: abandoned}
      transferred_to: passed_to
  - from: contacts
    into: csat_surveys
    skip_if: {survey: ""}
    columns:
      survey_id: survey
      interaction_id: no
      agent_id: login
      sent_at: {column: asked, time_format: "%d/%m/%Y %H:%M:%S %z"}
      responded_at: {column: answered, time_format: "%d/%m/%Y %H:%M:%S %z"}
      score: {column: stars, values: {"*": 1, "**": 2, "***": 3, "****": 4, "*****": 5}}
"""
_LOCAL = "'%d/%m/%Y %H:%M:%S'"
_WITH_OFFSET = "'%d/%m/%Y %H:%M:%S %z'"
_OPTIONS = "(FORMAT csv, DELIMITER ';', HEADER)"


def export(landing: Path) -> None:
    """Put the system's exports and their mapping in place of the datasets that they feed."""
    system = landing / "dialler"
    for name in ("states", "contacts"):
        (system / name).mkdir(parents=True)
    (system / "mapping.yml").write_text(MAPPING, encoding="utf-8")
    for dataset in ("status_events", "interactions", "csat_surveys"):
        for file in (landing / dataset).iterdir():
            file.unlink()
        (landing / dataset).rmdir()
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        for dataset in ("status_events", "interactions", "csat_surveys"):
            opened.execute(
                f"CREATE VIEW {dataset} AS FROM '{landing / '_truth' / dataset}.parquet'"
            )
        opened.execute(
            f"CREATE MACRO clock(moment) AS strftime(timezone('Europe/Warsaw', moment), {_LOCAL})"
        )
        opened.execute(
            "CREATE TABLE states AS SELECT agent_id AS login, unit AS room, reason AS why,"
            " CASE status WHEN 'available' THEN 'Ready' WHEN 'active' THEN 'Talking'"
            " WHEN 'away' THEN 'Gone' ELSE 'Pause' END AS state, clock(occurred_at) AS since,"
            " clock(lead(occurred_at) OVER (PARTITION BY agent_id ORDER BY occurred_at)) AS until,"
            " occurred_at FROM status_events"
        )
        # A file of the first days that was delivered late, and one of the rest.
        for name, days in (("a_rest", ">="), ("b_first_days", "<")):
            opened.execute(
                f"COPY (SELECT * EXCLUDE (occurred_at) FROM states WHERE occurred_at {days}"
                " TIMESTAMPTZ '2026-10-09 00:00:00+00' ORDER BY occurred_at, login)"
                f" TO '{system / 'states' / name}.csv' {_OPTIONS}"
            )
        opened.execute(
            f"""COPY (
                SELECT i.interaction_id AS no, i.agent_id AS login, i.customer_id AS caller,
                    CASE i.channel WHEN 'voice' THEN 'Phone' WHEN 'email' THEN 'Mail'
                        WHEN 'back_office' THEN 'Desk' ELSE i.channel END AS media,
                    replace(i.direction, 'bound', '') AS way, i.queue AS line, i.topic AS subject,
                    i.case_id AS "case", clock(i.queued_at) AS arrived,
                    date_diff('second', i.queued_at, i.answered_at) AS waited,
                    clock(i.ended_at) AS finished,
                    printf('%02d:%02d:%02d', i.talk_seconds // 3600, i.talk_seconds // 60 % 60,
                        i.talk_seconds % 60) AS talked,
                    replace(printf('%.3f', i.hold_seconds / 60.0), '.', ',') AS held,
                    i.acw_seconds * 1000 AS wrapped,
                    CASE i.outcome WHEN 'resolved' THEN 'done' WHEN 'unresolved' THEN 'open'
                        WHEN 'escalated' THEN 'up' WHEN 'transferred' THEN 'passed'
                        WHEN 'abandoned' THEN 'lost' END AS result,
                    i.transferred_to AS passed_to, s.survey_id AS survey, strftime(s.sent_at, {_WITH_OFFSET}) AS asked,
                    strftime(s.responded_at, {_WITH_OFFSET}) AS answered, repeat('*', s.score) AS stars
                FROM interactions AS i LEFT JOIN csat_surveys AS s USING (interaction_id)
                ORDER BY i.queued_at, no
            ) TO '{system / "contacts" / "october.csv"}' {_OPTIONS}"""
        )
    with (system / "states" / "a_rest.csv").open("a", encoding="utf-8") as file:
        file.write("A00001;KRK;;Ready;25/10/2026 02:30:00;\n2 rows\n")
    with (system / "contacts" / "october.csv").open("a", encoding="utf-8") as file:
        # A contact that fell into the hour that is there twice; a call that is none; a count.
        file.write("X1;A00001;c;Phone;in;q;;;25/10/2026 02:15:00;1;;;;;done;;;;;\n")
        file.write("X2;A00001;c;Phone;in;q;;;26/10/2026 02:15:00;1;;;;;test call;;;;;\n")
        file.write("2 rows\n")
