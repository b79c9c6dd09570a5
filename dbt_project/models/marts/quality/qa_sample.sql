{#
  The month's random sample to evaluate. The hash of key, month and interaction decides
  the order: nobody who does not know the key beforehand can steer it, and everybody
  who is told it afterwards can draw again.
#}
with

handled as (
    select * from {{ ref('int_contacts__handled') }}
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
    where valid_to = date '9999-12-31'
),

context as (
    select * from {{ ref('int_run__context') }}
),

hashed as (
    select
        interaction_id,
        agent_id,
        {{ month_start('business_date') }} as month,
        {{ sha256_hex(
            "'" ~ (var('qa_sample_key') | replace("'", "''")) ~ ":' || "
            ~ month_text('business_date') ~ " || ':' || interaction_id"
        ) }} as draw_hash,
    from handled
),

drawn as (
    select
        *,
        row_number() over (
            partition by agent_id, month order by draw_hash, interaction_id
        ) as draw_order,
    from hashed
),

final as (
    select
        drawn.interaction_id,
        drawn.agent_id,
        drawn.month,
        drawn.draw_order,
        drawn.draw_hash,
        {{ month_end('drawn.month') }}
        < {{ local_date('context.as_of', 'profiles.time_zone') }} as is_final,
    from drawn
    cross join context
    inner join profiles
        on drawn.agent_id = profiles.agent_id
    where drawn.draw_order <= {{ var('qa_sample_size') }}
)

select * from final
