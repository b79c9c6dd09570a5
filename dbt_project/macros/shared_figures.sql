{# Formulas that a mart and a table function have in common. #}

{#
  A queue's ratios, from its parts. `offered_with_service_level`: the contacts offered that the service level is a
  share of; where it is null for some of the rows added up, these are no part of it.
#}
{% macro queue_ratio_columns(offered_with_service_level='offered') %}
    cast(wait_seconds as double) / nullif(answered, 0) as asa_seconds,
    case
        when channel in ('chat', 'email')
            then cast(wait_seconds as double) / nullif(answered, 0)
    end as first_response_seconds,
    cast(answered_within_service_level as double)
    / nullif({{ offered_with_service_level }}, 0) as service_level,
    cast(abandoned as double) / nullif(offered, 0) as abandon_rate,
{%- endmacro %}

{# The ratios of shifts that add up. Conformance does not: two shifts on one date share its logged-in seconds. #}
{% macro shift_ratio_columns() %}
    cast(adherent_seconds as double) / nullif(scheduled_seconds, 0) as adherence,
    1 - cast(productive_seconds as double) / nullif(scheduled_seconds, 0) as shrinkage,
{%- endmacro %}

{# Sample variance from the sums of scores and of their squares, in exact decimals until the division; null below two. #}
{% macro sample_variance(count, sum, sum_of_squares) -%}
    case
        when {{ count }} > 1
            then
                greatest(
                    cast({{ sum_of_squares }} as double)
                    - cast({{ sum }} as double) * cast({{ sum }} as double) / {{ count }},
                    0
                )
                / ({{ count }} - 1)
    end
{%- endmacro %}
