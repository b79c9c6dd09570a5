{{ by_change('agent_months', {'int_contacts__handled': 'days_of_months'}) }}
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
),

sample_sizes as (
    select * from {{ ref('int_rules__team_limits') }}
    where limit_name = 'qa_sample_size'
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
        on
            drawn.agent_id = profiles.agent_id
            and {{ month_end('drawn.month') }}
            between profiles.valid_from and profiles.valid_to
    inner join sample_sizes
        on
            profiles.team_id is not distinct from sample_sizes.team_id
            and {{ month_end('drawn.month') }}
            between sample_sizes.valid_from and sample_sizes.valid_to
    where drawn.draw_order <= sample_sizes.limit_value
)

select * from final
