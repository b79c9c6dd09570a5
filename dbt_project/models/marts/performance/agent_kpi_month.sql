{# As doubles: a quotient of decimals is cut to some digits by some engines. #}
{% set z = 'cast(' ~ var('interval_z') ~ ' as double)' %}
{% set z_squared = 'cast(' ~ var('interval_z') * var('interval_z') ~ ' as double)' %}
with

figures as (
    select * from {{ ref('agent_performance_month') }}
),

targets as (
    select * from {{ ref('int_performance__month_targets') }}
),

-- kind says which interval fits: a share of n trials, a mean of n scores, or none.
kpi_values as (
    {%- for kpi, value, sample_size, kind in [
        ('productivity_score', 'productivity_score', 'evaluations', 'none'),
        ('average_quality_score', 'average_quality_score', 'evaluations', 'mean'),
        ('csat', 'csat', 'csat_responses', 'share'),
        ('fcr', 'fcr', 'fcr_eligible_contacts', 'share'),
        ('survey_response_rate', 'survey_response_rate', 'csat_sent', 'share'),
        ('transfer_rate', 'transfer_rate', 'handled_contacts', 'share'),
        ('escalation_rate', 'escalation_rate', 'handled_contacts', 'share'),
        ('engagement_rate', 'engagement_rate', 'leads', 'share'),
        ('conversion_rate', 'conversion_rate', 'leads', 'share'),
        ('csat_mean', 'csat_mean', 'csat_responses', 'none'),
        ('aht_seconds', 'aht_seconds', 'handled_contacts', 'none'),
        ('occupancy', 'occupancy', 'active_seconds + available_seconds', 'none'),
        ('utilization', 'utilization', 'logged_in_seconds', 'none'),
        ('concurrency', 'concurrency', 'handling_seconds', 'none'),
        ('adherence', 'adherence', 'scheduled_seconds', 'none'),
        ('handled_contacts', 'handled_contacts', 'handled_contacts', 'none'),
        ('resolved_tickets', 'total_resolved_tickets', 'total_resolved_tickets', 'none'),
    ] %}
    select
        agent_id,
        month,
        '{{ kpi }}' as kpi,
        '{{ kind }}' as kind,
        cast({{ value }} as double) as value,
        cast({{ sample_size }} as bigint) as sample_size,
        {%- if kind == 'mean' %}
        sqrt(
            {{ sample_variance('evaluations', 'quality_points', 'quality_points_squared') }}
            / evaluations
        ) as standard_error,
        {%- else %}
        cast(null as double) as standard_error,
        {%- endif %}
    from figures
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

judged as (
    select
        targets.agent_id,
        targets.month,
        targets.kpi_name as kpi,
        targets.kpi as figure,
        targets.direction,
        kpi_values.value,
        targets.target,
        round(
            case targets.direction
                when 'lower' then targets.target - kpi_values.value
                else kpi_values.value - targets.target
            end,
            {{ var('score_digits') }}
        ) as variance,
        round(
            case targets.direction
                when 'lower' then targets.target / nullif(kpi_values.value, 0)
                else kpi_values.value / nullif(targets.target, 0)
            end,
            {{ var('score_digits') }}
        ) as attainment,
        kpi_values.sample_size,
        kpi_values.standard_error,
        -- Wilson score interval (1927) of a share. Responses to surveys sent the month before can make a rate above 1:
        -- that is no share of this sample, and has no interval.
        case
            when
                kpi_values.kind = 'share' and kpi_values.sample_size > 0 and kpi_values.value <= 1
                then
                    (
                        kpi_values.value + {{ z_squared }} / (2 * kpi_values.sample_size)
                    ) / (1 + {{ z_squared }} / kpi_values.sample_size)
            when kpi_values.kind = 'mean' then kpi_values.value
        end as interval_centre,
        case
            when
                kpi_values.kind = 'share' and kpi_values.sample_size > 0 and kpi_values.value <= 1
                then
                    {{ z }} * sqrt(
                        kpi_values.value * (1 - kpi_values.value) / kpi_values.sample_size
                        + {{ z_squared }} / (4.0 * kpi_values.sample_size * kpi_values.sample_size)
                    ) / (1 + {{ z_squared }} / kpi_values.sample_size)
            when kpi_values.kind = 'mean' then {{ z }} * kpi_values.standard_error
        end as interval_half_width,
        targets.review_due_on,
    from targets
    inner join kpi_values
        on
            targets.agent_id = kpi_values.agent_id
            and targets.month = kpi_values.month
            and targets.kpi = kpi_values.kpi
),

-- Rounded as the target is: binary noise would leave 0 and 1 by an atom, and tip a target that lies on them.
with_intervals as (
    select
        *,
        round(interval_centre - interval_half_width, {{ var('score_digits') }}) as ci_low,
        round(interval_centre + interval_half_width, {{ var('score_digits') }}) as ci_high,
    from judged
),

final as (
    select
        judged.agent_id,
        judged.month,
        judged.kpi,
        judged.direction,
        judged.value,
        judged.target,
        judged.variance,
        judged.attainment,
        judged.variance >= 0 as met,
        judged.sample_size,
        judged.standard_error,
        judged.ci_low,
        judged.ci_high,
        coalesce(judged.target between judged.ci_low and judged.ci_high, false) as inconclusive,
        previous.value as previous_value,
        judged.review_due_on,
    from with_intervals as judged
    left join kpi_values as previous
        on
            judged.agent_id = previous.agent_id
            and judged.figure = previous.kpi
            and judged.month = {{ month_start(add_days(month_end('previous.month'), 1)) }}
)

select * from final
