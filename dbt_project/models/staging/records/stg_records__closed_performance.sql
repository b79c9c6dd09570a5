{#
  The closed months as they were recorded, from the records folder: they outlive this database.
  Before the first close there is no file to read, and the typed, empty half is all there is.
#}
{% set columns = summary_labels() + summary_figures() + summary_marks() %}
{% set recorded = recorded_performance_files() %}
with

declared as (
    select
        {%- for column in columns %}
        cast(null as {{ column.type }}) as {{ column.name }},
        {%- endfor %}
    where false
),

recorded as (
    select * from declared
    {%- if recorded %}
    union all
    select
        {%- for column in columns %}
        cast({{ column.name }} as {{ column.type }}) as {{ column.name }},
        {%- endfor %}
    from {{ recorded }}
    {%- endif %}
),

final as (
    select
        {%- for column in columns %}
        {{ column.name }},
        {%- endfor %}
    from recorded
)

select * from final
