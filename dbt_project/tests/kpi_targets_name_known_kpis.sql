-- A target whose KPI no name of `kpi_names` means has no effect: reported, for it may be a misspelling.
{{ config(severity = 'warn') }}
select
    targets.team_id,
    targets.kpi,
    targets.effective_from,
from {{ ref('stg_landing__kpi_targets') }} as targets
left join {{ ref('kpi_names') }} as names
    on targets.kpi = names.name
where names.kpi is null
