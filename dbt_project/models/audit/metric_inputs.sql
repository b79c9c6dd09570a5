{# From the same declarations as the figures themselves: what a figure is made of cannot differ from how it is made. #}
{% set score = ['resolved_tickets', 'quality_points', 'evaluations'] %}
{% set collected = {} %}
{% for part in agent_parts() %}
    {% do collected.update({part.name: part.dataset}) %}
{% endfor %}
{# Schedule and state are set against each other. #}
{% set also_from_status = ['adherent_seconds', 'late_seconds', 'off_clock_handling_seconds'] %}
{% set names_in_the_summary = {
    'resolved_tickets': 'total_resolved_tickets',
    'quality_score': 'average_quality_score',
} %}
{% set made_of = {} %}
{% for part in agent_parts() %}
    {% do made_of.update({part.name: [part.name]}) %}
{% endfor %}
{% for ratio in agent_ratios() %}
    {% set parts = (ratio.numerator ~ ' + ' ~ ratio.denominator).split(' + ') %}
    {% do made_of.update({ratio.name: parts | unique | list}) %}
{% endfor %}
{% for name, shown in names_in_the_summary.items() %}
    {% do made_of.update({shown: made_of[name]}) %}
{% endfor %}
{% do made_of.update({'productivity_score': score, 'score_status': score}) %}
{% set judged_by_targets = {
    'productivity_target': [], 'coaching_threshold': [], 'critical_threshold': [],
    'productivity_variance': score, 'productivity_attainment': score, 'skill_level': score,
} %}
with

inputs as (
    {%- for metric, parts in made_of.items() %}
    {%- for part in parts %}
    select
        '{{ metric }}' as metric,
        '{{ part }}' as input,
        '{{ collected[part] }}' as dataset,
    union all
    {%- if part in also_from_status %}
    select
        '{{ metric }}' as metric,
        '{{ part }}' as input,
        'status_events' as dataset,
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
    {%- for metric, parts in judged_by_targets.items() %}
    {%- for part in parts %}
    select
        '{{ metric }}' as metric,
        '{{ part }}' as input,
        '{{ collected[part] }}' as dataset,
    union all
    {%- endfor %}
    select
        '{{ metric }}' as metric,
        '(targets)' as input,
        'kpi_targets' as dataset,
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        metric,
        input,
        dataset,
    from inputs
)

select * from final
