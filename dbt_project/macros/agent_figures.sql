{#
  The figures of an agent, team, week or month: declared once, used at every grain.

  A part is additive: days sum to weeks, months and teams. `dataset` is what it is collected from: a part whose
  dataset never landed is null, not zero; so is one that `needs_tracking` where a team's status is not tracked
  (scheduled time too: a ratio never sets tracked time against untracked). A part that `is_of_contacts` is unknown
  as soon as one contact's is.
  A ratio is made from parts at the grain it is shown at, never from ratios.
#}
{% macro agent_parts() %}
    {% set parts = [] %}
    {% for dataset, type, names in [
        ('status_events', 'bigint', [
            'available_seconds', 'active_seconds', 'unavailable_seconds', 'break_seconds',
            'meeting_seconds', 'training_seconds', 'back_office_seconds',
            'other_unavailable_seconds', 'unclassified_seconds', 'logged_in_seconds', 'sessions',
        ]),
        ('interactions', 'bigint', [
            'handling_seconds', 'off_clock_handling_seconds', 'handling_interval_seconds',
            'handled_contacts', 'talk_seconds', 'hold_seconds', 'acw_seconds', 'handle_seconds',
            'transferred_contacts', 'escalated_contacts',
            'fcr_contacts', 'fcr_eligible_contacts', 'fcr_pending_contacts',
        ]),
        ('csat_surveys', 'bigint', ['csat_sent', 'csat_responses', 'csat_satisfied', 'csat_points']),
        ('qa_evaluations', 'bigint', ['evaluations']),
        ('qa_evaluations', 'decimal(38, 9)', ['quality_points']),
        ('qa_evaluations', 'decimal(38, 18)', ['quality_points_squared']),
        ('tickets', 'bigint', ['resolved_tickets']),
        ('shifts', 'bigint', ['scheduled_seconds', 'adherent_seconds', 'late_seconds']),
        ('sales', 'bigint', ['leads', 'engaged_leads', 'converted_leads']),
        ('compliance_events', 'bigint', ['compliance_events']),
    ] %}
        {% for name in names %}
            {% do parts.append({
                'name': name, 'dataset': dataset, 'type': type,
                'needs_tracking': dataset in ('status_events', 'shifts')
                or name == 'off_clock_handling_seconds',
                'is_of_contacts': name in (
                    'talk_seconds', 'hold_seconds', 'acw_seconds', 'handle_seconds', 'escalated_contacts',
                    'fcr_contacts', 'fcr_eligible_contacts', 'fcr_pending_contacts',
                ),
            }) %}
        {% endfor %}
    {% endfor %}
    {{ return(parts) }}
{% endmacro %}

{% macro agent_ratios() %}
    {{ return([
        {'name': 'occupancy', 'numerator': 'active_seconds', 'denominator': 'active_seconds + available_seconds'},
        {'name': 'utilization', 'numerator': 'active_seconds', 'denominator': 'logged_in_seconds'},
        {'name': 'concurrency', 'numerator': 'handling_interval_seconds', 'denominator': 'handling_seconds'},
        {'name': 'aht_seconds', 'numerator': 'handle_seconds', 'denominator': 'handled_contacts'},
        {'name': 'transfer_rate', 'numerator': 'transferred_contacts', 'denominator': 'handled_contacts'},
        {'name': 'escalation_rate', 'numerator': 'escalated_contacts', 'denominator': 'handled_contacts'},
        {'name': 'fcr', 'numerator': 'fcr_contacts', 'denominator': 'fcr_eligible_contacts'},
        {'name': 'csat', 'numerator': 'csat_satisfied', 'denominator': 'csat_responses'},
        {'name': 'csat_mean', 'numerator': 'csat_points', 'denominator': 'csat_responses'},
        {'name': 'survey_response_rate', 'numerator': 'csat_responses', 'denominator': 'csat_sent'},
        {'name': 'quality_score', 'numerator': 'quality_points', 'denominator': 'evaluations'},
        {'name': 'adherence', 'numerator': 'adherent_seconds', 'denominator': 'scheduled_seconds'},
        {'name': 'engagement_rate', 'numerator': 'engaged_leads', 'denominator': 'leads'},
        {'name': 'conversion_rate', 'numerator': 'converted_leads', 'denominator': 'leads'},
    ]) }}
{% endmacro %}

{# The parts and ratios that a handled contact alone decides, so that they can be told apart by channel. #}
{% macro contact_parts() %}
    {{ return(agent_parts() | selectattr('name', 'in', [
        'handled_contacts', 'talk_seconds', 'hold_seconds', 'acw_seconds', 'handle_seconds',
        'transferred_contacts', 'escalated_contacts',
        'fcr_contacts', 'fcr_eligible_contacts', 'fcr_pending_contacts',
    ]) | list) }}
{% endmacro %}

{% macro contact_ratios() %}
    {{ return(agent_ratios() | selectattr('name', 'in', [
        'aht_seconds', 'transfer_rate', 'escalation_rate', 'fcr',
    ]) | list) }}
{% endmacro %}

{# A contact's handle time. A system that does not tell hold from talk counts it as talk: nothing is missing then. #}
{% macro handle_seconds(relation='') -%}
{{ relation }}talk_seconds + coalesce({{ relation }}hold_seconds, 0) + {{ relation }}acw_seconds
{%- endmacro %}

{# A sum that is null where a summand is unknown: of times that some system does not record, no sum is made. #}
{% macro whole_sum(summand) -%}
case when count({{ summand }}) = count(*) then sum({{ summand }}) end
{%- endmacro %}

{# The parts (all of them, or those given), summed over the rows of a group. #}
{% macro sum_of_parts(parts=none) %}
    {%- for part in parts or agent_parts() %}
    cast(
        {{ whole_sum(part.name) if part.is_of_contacts else 'sum(' ~ part.name ~ ')' }} as {{ part.type }}
    ) as {{ part.name }}{{ ',' if not loop.last }}
    {%- endfor %}
{% endmacro %}

{# The parts' names, as columns of a final select. #}
{% macro part_columns(relation) %}
    {%- for part in agent_parts() %}
    {{ relation }}.{{ part.name }},
    {%- endfor %}
{% endmacro %}

{# The ratios (all of them, or those given), made from the parts at their own grain; null where the denominator is zero or unknown. #}
{% macro ratio_columns(ratios=none) %}
    {%- for ratio in ratios or agent_ratios() %}
    cast({{ ratio.numerator }} as double) / nullif({{ ratio.denominator }}, 0) as {{ ratio.name }}{{ ',' if not loop.last }}
    {%- endfor %}
{% endmacro %}

{# Which band the `occupancy` beside it is in; null without one. A label of a figure, not a figure: no close records it. #}
{% macro occupancy_band(occupancy='occupancy') -%}
    case
        when {{ occupancy }} > {{ var('occupancy_risk_above') }} then 'risk'
        when {{ occupancy }} > {{ var('occupancy_watch_above') }} then 'watch'
        when {{ occupancy }} is not null then 'normal'
    end
{%- endmacro %}

{# The department, site or function of days that have none. In brackets, so that it is nobody's name. #}
{% macro unknown_unit() %}{{ return('(unknown)') }}{% endmacro %}

{#
  A part as it is shown: null where its dataset never landed, zero where it landed and has nothing to say.
  Lateness stays null on a day whose every shift was missed: nobody was late who never came. Times and outcomes
  of contacts stay null where the system that recorded a contact does not record them. Active time is unknown
  where nothing that was fed says who is working; available time is then all that the status says.
#}
{% macro collected_part(part, relation, collected='collected') -%}
    case
        when not {{ collected }}.{{ part.dataset }} then null
        {%- if part.needs_tracking %}
        when not {{ relation }}.is_status_tracked then null
        {%- endif %}
        {%- if part.name == 'active_seconds' %}
        when not {{ collected }}.tells_active then null
        {%- endif %}
        {%- if part.name == 'late_seconds' %}
        when {{ relation }}.shift_count > 0 then {{ relation }}.late_seconds
        else 0
        {%- elif part.is_of_contacts %}
        when {{ relation }}.handled_contacts > 0 then {{ relation }}.{{ part.name }}
        else 0
        {%- else %}
        else coalesce({{ relation }}.{{ part.name }}, 0)
        {%- endif %}
    end
{%- endmacro %}
