{#
  The rows of a landed dataset as they stand at `as_of`: one per key, the newest version.

  Newest is the latest `updated_at`; without one, the newest file by load order, and within a file the later row.
  Only files that the load ledger names are read: a raw file without a ledger entry is what a crash left.
#}
{% macro latest_versions(dataset, key) %}
select
    landed.*,
    loads.sequence as load_sequence
from {{ source('landing', dataset) }} as landed
inner join {{ ref('stg_records__loads') }} as loads
    on
        landed.load_id = loads.load_id
        and loads.dataset = '{{ dataset }}'
cross join {{ ref('int_run__context') }} as context
where landed.updated_at is null or landed.updated_at <= context.as_of
qualify
    row_number() over (
        partition by {% for column in key %}landed.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
        order by
            landed.updated_at desc nulls last,
            loads.sequence desc,
            landed.row_number desc
    ) = 1
{% endmacro %}
