"""Message bodies: what they say, and that no value can act in one."""

from datetime import date
from typing import Any

import pytest

import reports

HOSTILE = "Ada <b>*x*</b>\r\nBcc: all@example.org"
FIGURES: dict[str, Any] = {
    "agent_id": "A-1",
    "name": HOSTILE,
    "team_name": "North",
    "month": "2026-10",
    "revision": 1,
    "score_status": "scored",
    "total_resolved_tickets": 120,
    "average_quality_score": 88.5,
    "productivity_score": 107.4,
    "productivity_target": 110,
    "productivity_variance": -2.6,
    "productivity_attainment": 0.976,
    "skill_level": "developing",
    "previous_skill_level": "proficient",
    "highlights": [{"kpi": "aht_seconds", "value": 243, "target": 360, "met": True}],
}
ALERTED = {
    "agents": [
        {
            "agent_id": "A-1",
            "name": HOSTILE,
            "team_name": "North | South",
            "productivity_score": 80,
            "productivity_target": 100.0,
            "productivity_variance": -20,
        }
    ]
}

LISTS: dict[str, dict[str, Any]] = {
    "low_performance_alert": ALERTED,
    "overdue_tasks_alert": {"tasks": [{"task": "review", "agent_id": "A-1", "name": HOSTILE}]},
}


def action(template: str, **figures: Any) -> dict[str, object]:
    return {
        "action_id": "x",
        "action_type": template,
        "month": date(2026, 10, 1),
        "agent_id": "A-1",
        "recipient_id": "S-1",
        "due_on": date(2026, 11, 9),
        "reason": "below the threshold",
        "figures": {**LISTS.get(template, FIGURES), **figures},
    }


TEMPLATES = (
    "agent_summary",
    "coaching_task",
    "low_performance_alert",
    "overdue_tasks_alert",
    "review_task",
    "skill_level_change",
    "urgent_coaching_alert",
)


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_value_acts_in_a_message(template: str) -> None:
    message = reports.render_message(template, action(template))
    assert message.subject
    assert message.subject.isprintable()
    assert "Ada <b>*x*</b>  Bcc: all@example.org" in message.text
    assert "\r" not in message.text
    assert "<bdi>Ada &lt;b&gt;*x*&lt;/b&gt;  Bcc: all@example.org</bdi>" in message.html
    assert "\ue000" not in message.subject + message.text + message.html
    assert message == reports.render_message(template, action(template))


def test_the_summary_gives_the_agents_figures() -> None:
    message = reports.render_message("agent_summary", action("agent_summary", name="Ada"))
    assert message.subject == "Your performance in October 2026"
    assert message.text.startswith("Hello Ada,\n\nhere are your figures for October 2026.")
    for line in (
        "- Productivity score: 107.40\n",
        "- Target: 110.00\n",
        "- Variance: -2.60\n",
        "- Attainment: 97.6%\n",
        "- Skill level: developing\n",
        "- Average handle time; Value: 0:04:03; Target: 0:06:00; Met: yes\n",
    ):
        assert line in message.text
    assert "earlier report" not in message.text


def test_the_summary_of_a_later_revision_says_so() -> None:
    message = reports.render_message("agent_summary", action("agent_summary", revision=2))
    assert message.subject == "Your performance in October 2026 (revision 2)"
    assert "replaces an earlier report" in message.text


def test_the_summary_without_a_score_says_so() -> None:
    none = dict.fromkeys((k for k in FIGURES if k.startswith(("prod", "aver"))), None)
    message = reports.render_message(
        "agent_summary",
        action("agent_summary", **none, score_status="insufficient_data", highlights=[]),
    )
    assert "too little data for a score" in message.text
    assert "- Productivity score: – no value" in message.text
    assert "0.00" not in message.text
    assert "Highlights" not in message.text


def test_the_alert_lists_every_agent() -> None:
    rows = [{**ALERTED["agents"][0], "name": f"N{n}"} for n in range(3)]
    values = action("low_performance_alert", agents=rows)
    message = reports.render_message("low_performance_alert", values)
    assert message.subject == "Agents below target in October 2026: 3"
    assert message.text.count("Variance: -20.00") == 3
    assert "- N2; Id: A-1; Team: North | South; Score: 80.00; Target: 100.00" in message.text


def test_the_notice_of_overdue_tasks_lists_every_task() -> None:
    tasks = [{"task": "coaching", "agent_id": f"A-{n}", "name": f"N{n}"} for n in range(2)]
    message = reports.render_message(
        "overdue_tasks_alert", action("overdue_tasks_alert", tasks=tasks)
    )
    assert message.subject == "Overdue tasks of October 2026: 2"
    assert "were due on 2026-11-09" in " ".join(message.text.split())
    assert "coaching; Name: N1; Id: A-1" in message.text


def test_the_sms_is_short_whatever_the_name() -> None:
    values = action("urgent_coaching_alert", name="名" * 5000)
    text = reports.render_message("urgent_coaching_alert", values).text
    assert len(text) < 300
    assert "107.40" in text
    assert "\n" not in text


def test_a_missing_value_is_named() -> None:
    values = action("coaching_task")
    values["figures"] = {"name": "x"}
    with pytest.raises(reports.PageError, match="productivity_score") as caught:
        reports.render_message("coaching_task", values)
    assert (caught.value.page, caught.value.line) == ("messages/coaching_task.md", 7)


def test_an_unknown_message_is_named() -> None:
    with pytest.raises(reports.PageError, match="no such message; there are agent_s"):
        reports.render_message("../pages/index", {})
