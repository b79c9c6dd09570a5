-- A target or standard in force is reviewed twice a year: those past their date are reported, and stay in force.
{{ config(severity = 'warn') }}
select
    scope,
    team_id,
    kpi,
    valid_from,
    review_due_on,
from {{ ref('dim_kpi_target') }}
where is_review_overdue
