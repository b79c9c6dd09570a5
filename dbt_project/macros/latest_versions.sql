{#
  The rows of a landed dataset as they stand at `as_of`: one per key, the newest version.

  Newest is the latest `updated_at`; without one, the newest file by load order, and within a file the later row.
  Only files that the load ledger names are read: a raw file without a ledger entry is what a crash left.
  Rows that a mapping file made have the ids of their own system: the table of rules `agent_ids` says who that is.
#}
{% macro latest_versions(dataset, key) %}
{%- set people = {
    'teams': ['team_lead_id', 'supervisor_id', 'department_head_id'],
    'kpi_targets': [],
    'qa_evaluations': ['agent_id', 'evaluator_id'],
    'feedback_sessions': ['agent_id', 'supervisor_id'],
}.get(dataset, ['agent_id']) -%}
{%- set newest_first %}
    row_number() over (
        partition by {% for column in key %}landed.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
        order by
            landed.updated_at desc nulls last,
            landed.load_sequence desc,
            landed.row_number desc
    )
{%- endset %}
with

landed as {{ not_materialized() }} (
    select
        landed.*{% if people %} exclude ({{ people | join(', ') }}){% endif %},
        {%- for column in people %}
        coalesce(ids_of_{{ column }}.agent_id, landed.{{ column }}) as {{ column }},
        {%- endfor %}
        loads.sequence as load_sequence
    from {{ of_home(source('landing', dataset), dataset) }} as landed
    inner join {{ ref('stg_records__loads') }} as loads
        on
            landed.load_id = loads.load_id
            and loads.dataset = '{{ dataset }}'
    {%- for column in people %}
    left join {{ ref('agent_ids') }} as ids_of_{{ column }}
        on
            loads.source = ids_of_{{ column }}.source
            and landed.{{ column }} = ids_of_{{ column }}.source_agent_id
    {%- endfor %}
    cross join {{ ref('int_run__context') }} as context
    where landed.updated_at is null or landed.updated_at <= context.as_of
){% if key | length == 1 %},

-- Few rows come more than once: only these are put in order, and of them only what the order needs. A row whose number is
-- another row's by chance is put in order too, alone.
repeated as (
    select {{ number_of(['landed.' ~ key[0]]) }} as key_number
    from landed
    group by {{ number_of(['landed.' ~ key[0]]) }}
    having count(*) > 1
),

superseded as (
    select
        landed.{{ key[0] }},
        landed.load_sequence,
        landed.row_number
    from landed
    semi join repeated
        on {{ number_of(['landed.' ~ key[0]]) }} = repeated.key_number
    qualify {{ newest_first }} > 1
)

select landed.*
from landed
anti join superseded
    on
        landed.{{ key[0] }} = superseded.{{ key[0] }}
        and landed.load_sequence = superseded.load_sequence
        and landed.row_number is not distinct from superseded.row_number
{%- else %}

select landed.*
from landed
qualify {{ newest_first }} = 1
{%- endif %}
{% endmacro %}
