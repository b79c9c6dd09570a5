-- Every limit has a row for every team from 1970 on: no team and no date is without one.
with

needed as (
    {%- for name in [
        'status_tracking', 'late_grace_seconds', 'inactivity_seconds', 'feedback_acknowledgement_days',
        'qa_sample_size',
    ] %}
    select '{{ name }}' as limit_name{{ ' union all' if not loop.last }}
    {%- endfor %}
)

select needed.limit_name
from needed
left join {{ ref('team_limits') }} as limits
    on
        needed.limit_name = limits.limit_name
        and limits.team_id is null
        and limits.effective_from <= date '1970-01-01'
where limits.limit_name is null
