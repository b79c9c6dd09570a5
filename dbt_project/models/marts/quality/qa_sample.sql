{{ by_change('agent_months', {'int_contacts__handled': 'days_of_months'}) }}
{#
  The month's random sample to evaluate. The hash of key, month and interaction decides
  the order: nobody who does not know the key beforehand can steer it, and everybody
  who is told it afterwards can draw again.
#}
{% set draw_hash = sha256_hex('sizes.hashed_before || handled.interaction_id') %}
with

handled as {{ not_materialized() }} (
    select
        interaction_id,
        agent_id,
        {{ month_start('business_date') }} as month,
    from {{ ref('int_contacts__handled') }}
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

counted as (
    select
        agent_id,
        month,
        count(*) as contacts,
    from handled
    group by agent_id, month
),

-- A hash is longer than the contact it is of. Only those are kept and put in order that begin with no more than
-- `last_digit`: one in sixteen contacts, or as many sixteenths as hold the sample three times over and ten more.
sizes as (
    select
        counted.agent_id,
        counted.month,
        least(sample_sizes.limit_value, counted.contacts) as sample_size,
        {{ month_end('counted.month') }}
        < {{ local_date('context.as_of', 'profiles.time_zone') }} as is_final,
        '{{ var('qa_sample_key') | replace("'", "''") }}:' || {{ month_text('counted.month') }} || ':' as hashed_before,
        substring(
            '0123456789abcdef',
            cast(least(ceil(16.0 * (3 * sample_sizes.limit_value + 10) / counted.contacts), 16) as integer),
            1
        ) as last_digit,
    from counted
    cross join context
    inner join profiles
        on
            counted.agent_id = profiles.agent_id
            and {{ month_end('counted.month') }}
            between profiles.valid_from and profiles.valid_to
    inner join sample_sizes
        on
            profiles.team_id is not distinct from sample_sizes.team_id
            and {{ month_end('counted.month') }}
            between sample_sizes.valid_from and sample_sizes.valid_to
),

low as (
    select
        handled.interaction_id,
        sizes.agent_id,
        sizes.month,
        sizes.sample_size,
        sizes.is_final,
        {{ draw_hash }} as draw_hash,
    from handled
    inner join sizes
        on
            handled.agent_id = sizes.agent_id
            and handled.month = sizes.month
    where substring({{ draw_hash }}, 1, 1) <= sizes.last_digit
),

-- By chance fewer hashes may begin so than the sample needs: then all of that month count.
too_few as (
    select sizes.*
    from sizes
    left join low
        on
            sizes.agent_id = low.agent_id
            and sizes.month = low.month
    group by all
    having count(low.interaction_id) < sizes.sample_size
),

candidates as (
    select * from low
    union all
    select
        handled.interaction_id,
        sizes.agent_id,
        sizes.month,
        sizes.sample_size,
        sizes.is_final,
        {{ draw_hash }} as draw_hash,
    from handled
    inner join too_few as sizes
        on
            handled.agent_id = sizes.agent_id
            and handled.month = sizes.month
    where substring({{ draw_hash }}, 1, 1) > sizes.last_digit
),

drawn as (
    select
        *,
        row_number() over (
            partition by agent_id, month
            order by draw_hash, interaction_id
        ) as draw_order,
    from candidates
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
    where draw_order <= sample_size
)

select * from final
