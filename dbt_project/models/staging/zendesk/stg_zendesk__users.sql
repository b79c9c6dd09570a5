{{ config(materialized = 'view') }}

{# One row per user, as the newest record says. Only who it is elsewhere is read: customers are users too. #}
with

records as (
    {{ raw_records('zendesk', 'users') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

read as (
    select
        payload ->> '$.id' as user_id,
        nullif(trim(payload ->> '$.external_id'), '') as external_id,
        {{ zendesk_instant('updated_at') }} as updated_at,
        load_id,
        row_number,
        load_sequence,
    from records
),

final as (
    select read.*
    from read
    cross join context
    where
        read.user_id is not null
        and (read.updated_at is null or read.updated_at <= context.as_of)
    qualify
        row_number() over (
            partition by read.user_id
            order by
                read.updated_at desc nulls last,
                read.load_sequence desc,
                read.row_number desc
        ) = 1
)

select * from final
