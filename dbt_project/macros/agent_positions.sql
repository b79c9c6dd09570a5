{#
  Agent and second as one integer, for one sorts in half the time: `first_position` of the agent and the second added to
  it. Between two agents there is room for the seconds of two thousand years.
#}
{% macro agent_unit() %}{{ return(2 ** 36) }}{% endmacro %}

{# Where each agent of a relation begins; another build may give other numbers. #}
{% macro agent_positions(relation) %}
    select
        agent_id,
        row_number() over (order by agent_id) * {{ agent_unit() }} as first_position,
    from (select distinct agent_id from {{ relation }}) as everybody
{% endmacro %}
