-- 0.6 × tickets + 0.4 × mean quality, and the variance against the target, from the columns beside them.
{%- set recomputed -%}
{{ var('ticket_weight') }} * total_resolved_tickets + {{ var('quality_weight') }} * quality_points / evaluations
{%- endset %}
select
    agent_id,
    month,
    productivity_score,
from {{ ref('agent_performance_month') }}
where
    (evaluations > 0) is distinct from (score_status = 'scored') and evaluations is not null
    or (productivity_score is null) != (score_status = 'insufficient_data')
    or abs(productivity_score - ({{ recomputed }})) > 1e-9
    or abs(abs(productivity_variance) - abs(productivity_score - productivity_target)) > 1e-9
