{# What the mappings of vendors' exports share. #}

{#
  The raw records of a vendor's export whose file is in the ledger, with the file's place in load order.
  A record that comes again after somebody in it was erased has '(erased)' where the one of before has the pseudonym:
  it is the same record, and the one of before stays.
#}
{% macro raw_records(vendor, entity) %}
select
    raw.payload,
    raw.load_id,
    raw.row_number,
    loads.sequence as load_sequence,
from {{ of_home(source(vendor, entity), vendor ~ '/' ~ entity) }} as raw
inner join {{ ref('stg_records__loads') }} as loads
    on
        raw.load_id = loads.load_id
        and loads.dataset = '{{ vendor }}/{{ entity }}'
where
    not contains(raw.payload, '(erased)')
    or raw.payload not in (
        select {{ replace_matches('before.payload', 'erased-[0-9a-f]{16}', '(erased)') }}
        from {{ of_home(source(vendor, entity), vendor ~ '/' ~ entity) }} as before
        where contains(before.payload, 'erased-')
    )
{% endmacro %}

{#
  Of the versions of each record in `read` the newest one that was there at `as_of`: the latest `updated_at`, then what
  `then_by` says, then the newest file by load order, and within a file the later row.
#}
{% macro newest_versions(key, then_by=[]) %}
select read.*
from read
cross join {{ ref('int_run__context') }} as context
where
    read.{{ key }} is not null
    and (read.updated_at is null or read.updated_at <= context.as_of)
qualify
    row_number() over (
        partition by read.{{ key }}
        order by
            read.updated_at desc nulls last,
            {%- for column in then_by %}
            read.{{ column }} desc nulls last,
            {%- endfor %}
            read.load_sequence desc,
            read.row_number desc
    ) = 1
{% endmacro %}

{#
  The landed rows of a dataset (`latest`), and those that vendors' records become.
  A record that says which other record it is (`same_as`: an id, or `system:id`) does not count beside that one, nor
  does one beside a landed row of the same id: what two systems recorded counts once. Of vendors the first named wins.
  Of landed rows those can say it that a mapping file made of another system's contacts. columns: what the rows become.
#}
{% macro with_vendors(key, models, columns) %}
{%- set may_name_others = key == 'interaction_id' -%}
{%- set other_id = "regexp_replace(vendor_rows.same_as, '^[a-z0-9_]+:', '')" -%}
with

vendor_rows as (
    {%- for model in models %}
    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        same_as,
        {{ loop.index }} as precedence,
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- The landed rows that vendors' records are or name, so that the ids of all landed rows are looked at once and not kept.
landed_too as (
    select latest.{{ key }}
    from latest
    where
        latest.{{ key }} in (select vendor_rows.{{ key }} from vendor_rows)
        or latest.{{ key }} in (select {{ other_id }} from vendor_rows)
),

counted as (
    select vendor_rows.*
    from vendor_rows
    where
        vendor_rows.{{ key }} not in (select landed_too.{{ key }} from landed_too)
        and (
            vendor_rows.same_as is null
            or {{ other_id }} = vendor_rows.{{ key }}
            or not (
                {{ other_id }} in (select landed_too.{{ key }} from landed_too)
                {%- for model in models %}
                or {{ other_id }} in (select named.{{ key }} from {{ ref(model) }} as named)
                {%- endfor %}
            )
        )
    qualify
        row_number() over (
            partition by vendor_rows.{{ key }}
            order by vendor_rows.precedence
        ) = 1
)
{%- if may_name_others %},

naming as (
    select
        {{ key }},
        regexp_replace(cast(same_as as varchar), '^[a-z0-9_]+:', '') as other_id,
    from latest
    where same_as is not null
),

giving_way as (
    select naming.{{ key }}
    from naming
    inner join latest
        on
            naming.other_id = latest.{{ key }}
            and naming.{{ key }} != latest.{{ key }}
    left join naming as others
        on latest.{{ key }} = others.{{ key }}
    -- Of two that name each other, one stays.
    where others.other_id is distinct from naming.{{ key }} or naming.{{ key }} > latest.{{ key }}
    union
    select naming.{{ key }}
    from naming
    inner join counted
        on naming.other_id = counted.{{ key }}
)
{%- endif %}

select
    {%- for column in columns %}
    latest.{{ column }},
    {%- endfor %}
from latest
{%- if may_name_others %}
where latest.{{ key }} not in (select giving_way.{{ key }} from giving_way)
{%- endif %}
union all
select
    {%- for column in columns %}
    counted.{{ column }},
    {%- endfor %}
from counted
{% endmacro %}

{#
  Amazon Connect knows an agent by user name, by ARN, and by the UUID at the ARN's end: `agent_ids` may hold any of
  them. Without a row there, the user name is the agent's id.
#}
{% macro join_amazon_connect_agent(relation) %}
    {%- for column in ['agent_username', 'agent_arn', 'agent_uuid'] %}
    left join ids as ids_by_{{ column }}
        on {{ relation }}.{{ column }} = ids_by_{{ column }}.source_agent_id
    {%- endfor %}
{% endmacro %}

{% macro amazon_connect_agent(relation) -%}
coalesce(
    ids_by_agent_username.agent_id,
    ids_by_agent_arn.agent_id,
    ids_by_agent_uuid.agent_id,
    {{ relation }}.agent_username,
    {{ relation }}.agent_uuid
)
{%- endmacro %}

{#
  An instant of Zendesk: ISO 8601 in the interface's records; a warehouse writes UTC and leaves the zone out.
#}
{% macro zendesk_instant(field) -%}
    try_cast(
        (payload ->> '$.{{ field }}')
        || case
            when
                {{ fully_matches(
                    "payload ->> '$." ~ field ~ "'",
                    '[0-9-]{10}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?'
                ) }}
                then '+00'
            else ''
        end as timestamptz
    )
{%- endmacro %}

{#
  Zendesk knows an agent by the number of the user. `agent_ids` says whose it is, else the user's external id,
  which is where a centre puts the id of its HR system; else the number is the agent's id. Needs `ids` and `users`.
#}
{% macro join_zendesk_agent(user_id) %}
    left join ids
        on {{ user_id }} = ids.source_agent_id
    left join users
        on {{ user_id }} = users.user_id
{% endmacro %}

{% macro zendesk_agent(user_id) -%}
coalesce(ids.agent_id, users.external_id, {{ user_id }})
{%- endmacro %}

{# The outcome that a wrap-up code of Genesys Cloud stands for, by `genesys_cloud_wrap_up_outcomes`; else null. #}
{% macro genesys_cloud_outcome(wrap_up_code) %}
{%- set outcomes = ['resolved', 'unresolved', 'escalated', 'transferred', 'abandoned'] %}
{%- for code, outcome in var('genesys_cloud_wrap_up_outcomes').items() if outcome not in outcomes %}
{{ exceptions.raise_compiler_error(
    'dbt_project.yml, genesys_cloud_wrap_up_outcomes, ' ~ code ~ ': ' ~ outcome ~ ' is no outcome; use one of ' ~ outcomes | join(', ')
) }}
{%- endfor %}
{{- genesys_cloud_name(wrap_up_code, var('genesys_cloud_wrap_up_outcomes')) }}
{%- endmacro %}

{# What a presence of the organisation's own is called, by `genesys_cloud_presences`; else null. #}
{% macro genesys_cloud_presence(presence_id) -%}
{{ genesys_cloud_name(presence_id, var('genesys_cloud_presences')) }}
{%- endmacro %}

{% macro genesys_cloud_name(id, names) -%}
{%- if names -%}
case lower({{ id }})
{%- for key, name in names.items() %}
    when '{{ key | lower | replace("'", "''") }}' then '{{ name | replace("'", "''") }}'
{%- endfor %}
end
{%- else -%}
cast(null as varchar)
{%- endif -%}
{%- endmacro %}
