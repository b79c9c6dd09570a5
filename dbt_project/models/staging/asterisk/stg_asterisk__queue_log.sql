{#
  The queue log, one line a row: epoch|callid|queue|member|EVENT|parameters. Logs are rotated and sent again while they
  grow, so a line counts once however many files hold it. Who the member is, the table agent_ids may say.
#}
with

records as (
    {{ raw_records('asterisk', 'queue_log') }}
),

ids as (
    select * from {{ ref('agent_ids') }}
    where source = 'asterisk'
),

context as (
    select * from {{ ref('int_run__context') }}
),

lines as (
    select
        *,
        {{ split_list('payload', '|') }} as cells,
    from records
    qualify
        row_number() over (
            partition by payload order by load_sequence, row_number
        ) = 1
),

-- A member is an interface (a channel of it ends in -0000001a) or a name.
named as (
    select
        *,
        {{ from_epoch_microseconds(
            'cast(cast(' ~ list_item('cells', 1) ~ ' as decimal(38, 6)) * 1000000 as bigint)'
        ) }} as occurred_at,
        nullif({{ list_item('cells', 2) }}, '') as callid,
        nullif({{ list_item('cells', 3) }}, '') as queue,
        nullif(
            nullif(
                regexp_replace(regexp_replace({{ list_item('cells', 4) }}, '/n$', ''), '-[0-9a-f]{8}$', ''),
                'NONE'
            ),
            ''
        ) as member,
        {{ list_item('cells', 5) }} as event,
    from lines
),

final as (
    select
        named.occurred_at,
        named.callid,
        named.queue,
        named.member,
        coalesce(exact.agent_id, ids.agent_id, named.member) as agent_id,
        named.event,
        {%- for number in range(1, 7) %}
        nullif({{ list_item('named.cells', number + 5) }}, '') as parameter_{{ number }},
        {%- endfor %}
        named.load_id,
        named.row_number,
        named.load_sequence,
        -- One number to put lines in order by: a sort by three columns costs several times as much.
        row_number() over (
            order by named.occurred_at, named.load_sequence, named.row_number
        ) as place,
    from named
    cross join context
    left join ids
        on named.member = ids.source_agent_id
    left join ids as exact
        on {{ list_item('named.cells', 4) }} = exact.source_agent_id
    where named.occurred_at <= context.as_of
)

select * from final
