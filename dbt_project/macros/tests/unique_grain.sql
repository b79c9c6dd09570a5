{#
  Fails for every row that breaks the grain: a combination of `columns` that occurs twice, or a null in one of them
  outside `nullable`. Without columns the relation must have exactly one row.
#}
{% test unique_grain(model, columns, nullable=[]) %}
select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    count(*) as row_count,
from {{ model }}
{%- if columns %}
group by
    {%- for column in columns %}
    {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
having
    count(*) > 1
    {%- for column in columns if column not in nullable %}
    or {{ column }} is null
    {%- endfor %}
{%- else %}
having count(*) != 1
{%- endif %}
{% endtest %}
