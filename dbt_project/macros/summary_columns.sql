{# The columns of a closed month, declared once: labels, figures (which a restatement compares), and marks of the run. #}
{% macro summary_labels() %}
    {{ return([
        {'name': 'agent_id', 'type': 'varchar'}, {'name': 'month', 'type': 'date'},
        {'name': 'name', 'type': 'varchar'}, {'name': 'role', 'type': 'varchar'},
        {'name': 'function', 'type': 'varchar'}, {'name': 'site', 'type': 'varchar'},
        {'name': 'team_id', 'type': 'varchar'}, {'name': 'team_name', 'type': 'varchar'},
        {'name': 'department', 'type': 'varchar'}, {'name': 'team_lead_id', 'type': 'varchar'},
        {'name': 'supervisor_id', 'type': 'varchar'}, {'name': 'department_head_id', 'type': 'varchar'},
        {'name': 'previous_skill_level', 'type': 'varchar'},
    ]) }}
{% endmacro %}

{% macro summary_figures() %}
    {% set figures = [] %}
    {% for part in agent_parts() %}
        {% do figures.append({
            'name': 'total_resolved_tickets' if part.name == 'resolved_tickets' else part.name,
            'type': part.type,
        }) %}
    {% endfor %}
    {% for ratio in agent_ratios() %}
        {% do figures.append({
            'name': 'average_quality_score' if ratio.name == 'quality_score' else ratio.name,
            'type': 'double',
        }) %}
    {% endfor %}
    {% for name in [
        'productivity_score', 'productivity_target', 'productivity_variance', 'productivity_attainment',
        'coaching_threshold', 'critical_threshold',
    ] %}
        {% do figures.append({'name': name, 'type': 'double'}) %}
    {% endfor %}
    {% for name in ['score_status', 'skill_level'] %}
        {% do figures.append({'name': name, 'type': 'varchar'}) %}
    {% endfor %}
    {{ return(figures) }}
{% endmacro %}

{% macro summary_marks() %}
    {{ return([
        {'name': 'as_of', 'type': 'timestamptz'}, {'name': 'input_fingerprint', 'type': 'varchar'},
        {'name': 'load_sequence', 'type': 'bigint'}, {'name': 'revision', 'type': 'integer'},
        {'name': 'close_number', 'type': 'integer'}, {'name': 'closed_at', 'type': 'timestamptz'},
        {'name': 'changes', 'type': 'varchar'}, {'name': 'changed_since_load', 'type': 'varchar'},
    ]) }}
{% endmacro %}
