with

events as {{ not_materialized() }} (
    select * from {{ ref('stg_landing__status_events') }}
),

interactions as {{ not_materialized() }} (
    select
        agent_id,
        answered_at,
        ended_at,
        acw_seconds,
    from {{ ref('stg_landing__interactions') }}
),

pieces as {{ not_materialized() }} (
    select * from {{ ref('int_activity__pieces') }}
    where has_status
),

people as (
    select * from {{ ref('int_people__profiles') }}
    where is_known and valid_to = date '9999-12-31'
),

teams as (
    select * from {{ ref('dim_team') }}
),

untracked_periods as (
    select * from {{ ref('int_people__untracked_periods') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

collected as (
    select * from {{ ref('int_run__datasets_collected') }}
),

-- Whoever has millions of events has one of this instant or two: only these are put in order.
latest_instants as (
    select
        events.agent_id,
        max(events.occurred_at) as occurred_at,
    from events
    cross join context
    where events.occurred_at <= context.as_of
    group by events.agent_id
),

latest_events as (
    select
        events.*,
        events.status != 'away'
        and context.as_of_seconds - {{ epoch_seconds('events.occurred_at') }}
        > {{ var('max_status_interval_hours') * 3600 }} as missing_clock_out,
    from events
    inner join latest_instants
        on events.agent_id = latest_instants.agent_id and events.occurred_at = latest_instants.occurred_at
    cross join context
    qualify row_number() over (partition by events.agent_id order by events.event_id desc) = 1
),

perhaps_in_hand as (
    {%- for sign in signs_of_contacts_in_hand('interactions', 'context.as_of') %}
    {{ 'union all' if not loop.first }}
    select interactions.*
    from interactions
    cross join context
    where {{ sign }}
    {%- endfor %}
),

in_hand as (
    select distinct perhaps_in_hand.agent_id
    from perhaps_in_hand
    cross join context
    where
        perhaps_in_hand.agent_id is not null
        and perhaps_in_hand.answered_at <= context.as_of
        and (
            perhaps_in_hand.ended_at is null
            or perhaps_in_hand.ended_at > context.as_of
            or {{ epoch_seconds('perhaps_in_hand.ended_at') }}
            + coalesce(perhaps_in_hand.acw_seconds, 0)
            > context.as_of_seconds
        )
),

-- At `as_of` itself: what happens at that very instant is seen, and fills no interval.
at_as_of as (
    select
        latest_events.agent_id,
        latest_events.unit,
        context.as_of_seconds as starts_seconds,
        case
            when latest_events.missing_clock_out then 'away'
            when latest_events.status = 'available' and in_hand.agent_id is not null
                then 'active'
            else latest_events.status
        end as state,
        case
            when
                latest_events.status in ('away', 'unavailable')
                and not latest_events.missing_clock_out
                then latest_events.reason
        end as reason,
    from latest_events
    cross join context
    left join in_hand
        on latest_events.agent_id = in_hand.agent_id
),

last_days as (
    select {{ date_of_day_number('numbers.number') }} as business_date
    from (
        select
            {{ explode_numbers(
                day_number('cast(as_of as date)') ~ ' - 7',
                day_number('cast(as_of as date)') ~ ' + 1'
            ) }} as number
        from context
    ) as numbers
),

-- An agent's pieces follow each other without a gap: the state of now began where the last other one ended. Of most
-- agents that was within days.
changes_of_last_days as (
    select
        at_as_of.agent_id,
        max(pieces.ends_seconds) as since_seconds,
    from pieces
    inner join last_days
        on pieces.business_date = last_days.business_date
    inner join at_as_of
        on
            pieces.agent_id = at_as_of.agent_id
            and (pieces.state != at_as_of.state or pieces.reason is distinct from at_as_of.reason)
    group by at_as_of.agent_id
),

unchanged_in_last_days as (
    select at_as_of.*
    from at_as_of
    anti join changes_of_last_days
        on at_as_of.agent_id = changes_of_last_days.agent_id
),

latest_changes as (
    select agent_id, since_seconds
    from changes_of_last_days
    union all
    select
        unchanged.agent_id,
        coalesce(
            max(pieces.ends_seconds) filter (
                where
                pieces.state != unchanged.state
                or pieces.reason is distinct from unchanged.reason
            ),
            min(pieces.starts_seconds),
            min(unchanged.starts_seconds)
        ) as since_seconds,
    from unchanged_in_last_days as unchanged
    left join pieces
        on unchanged.agent_id = pieces.agent_id
    group by unchanged.agent_id
),

followed as (
    select
        people.*,
        collected.status_events and untracked_periods.agent_id is null
            as is_state_known,
    from people
    cross join context
    cross join collected
    left join untracked_periods
        on
            people.agent_id = untracked_periods.agent_id
            and {{ local_date('context.as_of', 'people.time_zone') }}
            between untracked_periods.valid_from and untracked_periods.valid_to
),

final as (
    select
        people.agent_id,
        people.name,
        people.team_id,
        teams.team_name,
        case when people.is_state_known then coalesce(at_as_of.state, 'away') end
            as state,
        case when people.is_state_known then at_as_of.reason end as reason,
        case
            when people.is_state_known
                then {{ from_epoch_seconds('latest_changes.since_seconds') }}
        end as since_at,
        case when people.is_state_known then at_as_of.unit end as unit,
        context.as_of,
    from followed as people
    cross join context
    left join at_as_of
        on people.agent_id = at_as_of.agent_id
    left join latest_changes
        on people.agent_id = latest_changes.agent_id
    left join teams
        on people.team_id = teams.team_id
)

select * from final
