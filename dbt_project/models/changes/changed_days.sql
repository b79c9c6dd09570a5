{#
  Business dates of an agent of which anything but first contact resolution and attendance may differ, as runs of dates.
  Seconds and instants: of at least those dates, in any time zone.
#}
{# What is counted on the date of `dated`, and what else of a row can come to be known (`also`). #}
{% set facts = {
    'stg_landing__tickets': {'dated': ['resolved_at']},
    'stg_landing__qa_evaluations': {'dated': ['evaluated_at']},
    'stg_landing__csat_surveys': {'dated': ['sent_at', 'responded_at']},
    'stg_landing__sales': {'dated': ['created_at'], 'also': ['engaged_at', 'converted_at']},
    'stg_landing__compliance_events': {'dated': ['occurred_at']},
} %}
with

build as (
    select * from {{ this_build() }}
    where base_id is not null
),

profiles as (
    select * from {{ ref('int_people__profiles') }}
),

-- Of an interval that only became longer or shorter, the difference.
timeline_spans as (
    select
        agent_id,
        case when count(*) = 2 then min(ends_seconds) else min(starts_seconds) end as starts_seconds,
        max(ends_seconds) as ends_seconds,
    from {{ changes_of('int_activity__status_timeline') }}
    group by agent_id, starts_seconds, status, reason, missing_clock_out
),

interactions as (
    select
        agent_id,
        answered_at,
        ended_at,
        acw_seconds,
    from {{ changes_of('stg_landing__interactions') }}
    union all
    select
        agent_id,
        answered_at,
        ended_at,
        acw_seconds,
    from {{ ref('ongoing_interactions') }}
    where has_passed
),

spans as (
    select agent_id, starts_seconds, ends_seconds from timeline_spans
    union all
    select
        interactions.agent_id,
        {{ epoch_seconds('interactions.answered_at') }} as starts_seconds,
        greatest(
            coalesce(
                {{ epoch_seconds('interactions.ended_at') }} + coalesce(interactions.acw_seconds, 0),
                {{ epoch_seconds('build.as_of') }}
            ),
            {{ epoch_seconds('interactions.answered_at') }} + 1
        ) as ends_seconds,
    from interactions
    cross join build
    where interactions.answered_at is not null
    union all
    -- What an agent had in hand at the last build was handled up to then already.
    select
        interactions.agent_id,
        {{ epoch_seconds('build.base_as_of') }} as starts_seconds,
        greatest(
            coalesce(
                {{ epoch_seconds('interactions.ended_at') }} + coalesce(interactions.acw_seconds, 0),
                {{ epoch_seconds('build.as_of') }}
            ),
            {{ epoch_seconds('build.base_as_of') }} + 1
        ) as ends_seconds,
    from {{ ref('ongoing_interactions') }} as interactions
    cross join build
    where interactions.was_in_hand
    union all
    select
        agent_id,
        {{ epoch_seconds('occurred_at') }} as starts_seconds,
        {{ epoch_seconds('occurred_at') }} + 1 as ends_seconds,
    from {{ changes_of('stg_landing__status_events') }}
    union all
    select
        agent_id,
        {{ epoch_seconds('started_at') }} as starts_seconds,
        greatest({{ epoch_seconds('ended_at') }}, {{ epoch_seconds('started_at') }} + 1) as ends_seconds,
    from {{ changes_of('stg_landing__system_usage') }}
    union all
    select
        usage.agent_id,
        {{ epoch_seconds('usage.started_at') }} as starts_seconds,
        greatest({{ epoch_seconds('usage.ended_at') }}, {{ epoch_seconds('usage.started_at') }} + 1) as ends_seconds,
    from {{ ref('stg_landing__system_usage') }} as usage
    cross join build
    where usage.started_at <= build.as_of and usage.ended_at >= build.base_as_of
    {%- for model, fact in facts.items() %}
    {%- for dated in fact.dated %}
    union all
    select
        agent_id,
        {{ epoch_seconds(dated) }} as starts_seconds,
        {{ epoch_seconds(dated) }} + 1 as ends_seconds,
    from {{ changes_of(model) }}
    where {{ dated }} is not null
    union all
    select
        facts.agent_id,
        {{ epoch_seconds('facts.' ~ dated) }} as starts_seconds,
        {{ epoch_seconds('facts.' ~ dated) }} + 1 as ends_seconds,
    from {{ ref(model) }} as facts
    cross join build
    where
        facts.{{ dated }} is not null
        and ({{ passed([dated] + fact.get('also', []), 'facts') }})
    {%- endfor %}
    {%- endfor %}
),

dated as (
    select
        spans.agent_id,
        {{ local_date(from_epoch_seconds('spans.starts_seconds'), 'first_profiles.time_zone') }} as first_date,
        {{ local_date(from_epoch_seconds('spans.ends_seconds - 1'), 'last_profiles.time_zone') }} as last_date,
    from spans
    inner join profiles as first_profiles
        on
            spans.agent_id = first_profiles.agent_id
            and spans.starts_seconds >= first_profiles.begins_seconds
            and spans.starts_seconds < first_profiles.ends_seconds
    inner join profiles as last_profiles
        on
            spans.agent_id = last_profiles.agent_id
            and spans.ends_seconds - 1 >= last_profiles.begins_seconds
            and spans.ends_seconds - 1 < last_profiles.ends_seconds
    union
    -- Who is somebody else now, is so on all days.
    select
        agent_id,
        date '1900-01-01' as first_date,
        date '9999-12-31' as last_date,
    from {{ changes_of('int_people__profiles') }}
),

final as (
    {{ runs_of_dates('dated') }}
)

select final.* from final
cross join build
