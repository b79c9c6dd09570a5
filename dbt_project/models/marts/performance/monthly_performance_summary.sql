with

recorded as (
    select * from {{ ref('stg_records__closed_performance') }}
),

new_revisions as (
    select * from {{ ref('int_performance__new_revisions') }}
),

revisions as (
    {%- for relation in ['recorded', 'new_revisions'] %}
    select
        {%- for column in summary_labels() + summary_figures() + summary_marks() %}
        {{ column.name }},
        {%- endfor %}
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        {%- for column in summary_labels() + summary_figures() + summary_marks() %}
        {{ column.name }},
        {%- endfor %}
        row_number() over (
            partition by agent_id, month order by revision desc
        ) = 1 as is_current,
    from revisions
)

select * from final
