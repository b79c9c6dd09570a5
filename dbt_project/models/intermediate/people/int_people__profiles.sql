{{ config(materialized='compared', schema='kept') }}
{#
  Who an agent is, and from when to when: by local dates (team, role …) and by instants (time zone).
  A profile begins at the first instant of its `effective_from` in its own time zone; the first one also covers what
  came before it. An id that rows name and `agents` does not know gets one profile: UTC, no team.
#}
with

agents as (
    select * from {{ ref('stg_landing__agents') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

seen as (
    select agents.*
    from agents
    cross join context
    where
        agents.effective_from <= {{ local_date('context.as_of', 'agents.time_zone') }}
),

known as (
    select
        *,
        {{ first_second_of_local_date('effective_from', 'time_zone') }} as effective_seconds,
        row_number() over (
            partition by agent_id order by effective_from
        ) = 1 as is_first,
    from seen
),

bounded as (
    select
        *,
        case when is_first then date '1900-01-01' else effective_from end as valid_from,
        lead(effective_from) over (
            partition by agent_id order by effective_from
        ) as next_effective_from,
        case when is_first then -9000000000 else effective_seconds end as begins_seconds,
        lead(effective_seconds) over (
            partition by agent_id order by effective_from
        ) as next_begins_seconds,
    from known
),

named_ids as (
    {%- for relation in [
        'status_events', 'shifts', 'interactions', 'tickets', 'qa_evaluations', 'csat_surveys',
        'system_usage', 'compliance_events', 'sales', 'feedback_sessions', 'training_records',
    ] %}
    select agent_id
    from {{ ref('stg_landing__' ~ relation) }}
    where agent_id is not null
    {{ 'union' if not loop.last }}
    {%- endfor %}
),

unknown as (
    select named_ids.agent_id
    from named_ids
    anti join seen
        on named_ids.agent_id = seen.agent_id
),

final as (
    select
        agent_id,
        true as is_known,
        name,
        email,
        phone,
        role,
        function,
        team_id,
        site,
        time_zone,
        skill_level,
        hired_on,
        left_on,
        effective_from,
        valid_from,
        coalesce({{ add_days('next_effective_from', -1) }}, date '9999-12-31') as valid_to,
        begins_seconds,
        coalesce(next_begins_seconds, 900000000000) as ends_seconds,
    from bounded

    union all

    select
        agent_id,
        false as is_known,
        {%- for column in ['name', 'email', 'phone', 'role', 'function', 'team_id', 'site'] %}
        cast(null as varchar) as {{ column }},
        {%- endfor %}
        'UTC' as time_zone,
        cast(null as varchar) as skill_level,
        {%- for column in ['hired_on', 'left_on', 'effective_from'] %}
        cast(null as date) as {{ column }},
        {%- endfor %}
        date '1900-01-01' as valid_from,
        date '9999-12-31' as valid_to,
        -9000000000 as begins_seconds,
        900000000000 as ends_seconds,
    from unknown
)

select * from final
