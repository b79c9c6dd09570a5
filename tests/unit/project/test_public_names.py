"""The public interface: marts, grains and columns that others rely on by name. Renaming one breaks their queries."""

import json
from typing import Any

import pytest

from orchestration.project import MANIFEST, refresh_manifest

# Mart → its grain, then columns beside it that are promised by name.
PUBLIC = {
    "dim_agent": ("agent_id valid_from", "valid_to is_current name role team_id team_name"
                  " department site function skill_level"),
    "dim_team": ("team_id", "team_name department team_lead_id supervisor_id department_head_id"),
    "dim_date": ("date", "month iso_week iso_weekday"),
    "fct_status_interval": ("agent_id started_at", "ended_at business_date state reason seconds missing_clock_out"),
    "fct_agent_day": (
        "agent_id business_date",
        "team_id site function available_seconds active_seconds unavailable_seconds break_seconds"
        " meeting_seconds training_seconds back_office_seconds other_unavailable_seconds unclassified_seconds"
        " logged_in_seconds handling_seconds off_clock_handling_seconds sessions first_clock_in_at"
        " last_clock_out_at occupancy utilization concurrency handled_contacts talk_seconds hold_seconds"
        " acw_seconds handle_seconds aht_seconds fcr_contacts fcr_eligible_contacts fcr_pending_contacts fcr"
        " transferred_contacts escalated_contacts csat_responses csat_satisfied csat evaluations"
        " quality_points quality_score resolved_tickets scheduled_seconds adherent_seconds adherence"
        " late_seconds leads engaged_leads converted_leads compliance_events",
    ),
    "fct_agent_week": ("agent_id week_start_date", "logged_in_seconds occupancy aht_seconds fcr csat quality_score"),
    "fct_agent_month": ("agent_id month", "logged_in_seconds occupancy aht_seconds fcr csat quality_score"),
    "fct_team_month": ("team_id month", "logged_in_seconds occupancy aht_seconds fcr csat quality_score"),
    "agent_kpi_month": (
        "agent_id month kpi",
        "value target variance attainment met sample_size ci_low ci_high inconclusive previous_value",
    ),
    "monthly_performance_summary": (
        "agent_id month revision",
        "name team_id team_name total_resolved_tickets average_quality_score productivity_score score_status"
        " productivity_target productivity_variance productivity_attainment skill_level previous_skill_level closed_at"
        " is_current input_fingerprint changes",
    ),
    "fct_interaction": ("interaction_id", "business_date agent_id team_id"),
    "fct_ticket": ("ticket_id", "business_date agent_id team_id"),
    "fct_qa_evaluation": ("evaluation_id", "business_date agent_id team_id"),
    "fct_csat_response": ("survey_id", "business_date agent_id team_id"),
    "fct_sale": ("lead_id", "business_date agent_id team_id"),
    "fct_compliance_event": ("event_id", "business_date agent_id team_id"),
    "fct_attendance": (
        "agent_id shift_id",
        "starts_at ends_at scheduled_seconds adherent_seconds adherence late_seconds is_late left_early_seconds "
        " is_absent conformance shrinkage clock_out_reason",
    ),
    "fct_agent_application_day": ("agent_id business_date application feature", "seconds_in_use uses"),
    "fct_queue_day": (
        "queue channel business_date",
        "offered answered abandoned asa_seconds service_level abandon_rate",
    ),
    "fct_feedback": ("feedback_id", "agent_response days_to_acknowledge"),
    "fct_training": ("record_id", "score_gain kpi_value_before kpi_value_after"),
    "qa_sample": ("interaction_id", "agent_id month"),
    "performance_action": ("action_id", "month agent_id action_type recipient_id due_on reason figures"),
    "agent_status_now": ("agent_id", "state reason since_at unit team_id"),
}  # fmt: skip


@pytest.fixture(scope="module")
def models() -> dict[str, Any]:
    refresh_manifest()
    nodes = json.loads(MANIFEST.read_bytes())["nodes"].values()
    return {node["name"]: node for node in nodes if node["resource_type"] == "model"}


@pytest.mark.parametrize("mart", PUBLIC)
def test_a_public_mart_has_its_grain_and_its_columns(models: dict[str, Any], mart: str) -> None:
    grain, columns = PUBLIC[mart]
    assert models[mart]["schema"] == "marts"
    assert models[mart]["config"]["meta"]["grain"] == grain.split()
    missing = {*grain.split(), *columns.split()} - models[mart]["columns"].keys()
    assert not missing
