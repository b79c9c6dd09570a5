{{ by_change('agent_months', {'int_contacts__handled': 'days_of_months'}) }}
{#
  The month's random sample to evaluate. The hash of key, month and interaction decides
  the order: nobody who does not know the key beforehand can steer it, and everybody
  who is told it afterwards can draw again.
#}
with

handled as {{ not_materialized() }} (
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

hashed as {{ not_materialized() }} (
    select
        *,
        substring(draw_hash, 1, 1) as first_digit,
    from (
        select
            interaction_id,
            agent_id,
            {{ month_start('business_date') }} as month,
            {{ sha256_hex(
                "'" ~ (var('qa_sample_key') | replace("'", "''")) ~ ":' || "
                ~ month_text('business_date') ~ " || ':' || interaction_id"
            ) }} as draw_hash,
        from handled
    )
),

-- A hash is longer than the contact it is of. Only those are kept and put in order whose first digit is low enough:
-- few.
counted as (
    select
        agent_id,
        month,
        first_digit,
        count(*) as contacts,
    from hashed
    group by agent_id, month, first_digit
),

reached as (
    select
        agent_id,
        month,
        first_digit,
        coalesce(
            sum(contacts) over (
                partition by agent_id, month order by first_digit
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as contacts_before,
    from counted
),

sizes as (
    select
        reached.agent_id,
        reached.month,
        sample_sizes.limit_value,
        {{ month_end('reached.month') }}
        < {{ local_date('context.as_of', 'profiles.time_zone') }} as is_final,
        max(reached.first_digit) as last_digit,
    from reached
    cross join context
    inner join profiles
        on
            reached.agent_id = profiles.agent_id
            and {{ month_end('reached.month') }}
            between profiles.valid_from and profiles.valid_to
    inner join sample_sizes
        on
            profiles.team_id is not distinct from sample_sizes.team_id
            and {{ month_end('reached.month') }}
            between sample_sizes.valid_from and sample_sizes.valid_to
    where reached.contacts_before < sample_sizes.limit_value
    group by
        reached.agent_id, reached.month, sample_sizes.limit_value, context.as_of, profiles.time_zone
),

drawn as (
    select
        hashed.interaction_id,
        hashed.agent_id,
        hashed.month,
        hashed.draw_hash,
        sizes.limit_value,
        sizes.is_final,
        row_number() over (
            partition by hashed.agent_id, hashed.month
            order by hashed.draw_hash, hashed.interaction_id
        ) as draw_order,
    from hashed
    inner join sizes
        on
            hashed.agent_id = sizes.agent_id
            and hashed.month = sizes.month
            and hashed.first_digit <= sizes.last_digit
),

final as (
    select
        interaction_id,
        agent_id,
        month,
        draw_order,
        draw_hash,
        is_final,
    from drawn
    where draw_order <= limit_value
)

select * from final
