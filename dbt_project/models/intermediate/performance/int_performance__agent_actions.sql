{#
  What a closed row asks for about one agent (workflow.md, steps 7, 8, 10, 11 and 14).
  A task or alert is asked for once, by the first revision that calls for it; a summary goes out with every revision.
#}
with

summaries as (
    select * from {{ ref('monthly_performance_summary') }}
    where role = 'agent'
),

standing as (
    select
        *,
        productivity_score < coaching_threshold as needs_coaching,
        productivity_score < critical_threshold as needs_urgent_coaching,
        lag(skill_level, 1, previous_skill_level) over (
            partition by agent_id, month order by revision
        ) as skill_level_before,
    from summaries
),

firsts as (
    select
        *,
        needs_coaching and row_number() over (
            partition by agent_id, month, needs_coaching order by revision
        ) = 1 as asks_coaching,
        needs_urgent_coaching and row_number() over (
            partition by agent_id, month, needs_urgent_coaching order by revision
        ) = 1 as asks_urgent_coaching,
        cast(closed_at as date) as closed_on,
    from standing
),

final as (
    select
        'review_task' as action_type,
        'task' as channel,
        agent_id,
        month,
        revision,
        close_number,
        team_lead_id as recipient_id,
        {{ add_days('closed_on', var('review_task_due_days')) }} as due_on,
        case score_status
            when 'scored'
                then 'review the month: productivity score ' || {{ fixed('productivity_score', 2) }}
            else 'review the month: no score, for no quality evaluation was made (insufficient data)'
        end as reason,
    from firsts
    where revision = 1

    union all

    select
        'coaching_task' as action_type,
        'task' as channel,
        agent_id,
        month,
        revision,
        close_number,
        supervisor_id as recipient_id,
        {{ add_days('closed_on', var('coaching_task_due_days')) }} as due_on,
        'productivity score ' || {{ fixed('productivity_score', 2) }}
        || ' is below the coaching threshold ' || {{ fixed('coaching_threshold', 2) }} as reason,
    from firsts
    where asks_coaching

    union all

    select
        'urgent_coaching_alert' as action_type,
        'sms' as channel,
        agent_id,
        month,
        revision,
        close_number,
        supervisor_id as recipient_id,
        {{ add_days('closed_on', var('urgent_coaching_due_days')) }} as due_on,
        'productivity score ' || {{ fixed('productivity_score', 2) }}
        || ' is below the critical threshold ' || {{ fixed('critical_threshold', 2) }} as reason,
    from firsts
    where asks_urgent_coaching

    union all

    select
        'skill_level_change' as action_type,
        'hr_export' as channel,
        agent_id,
        month,
        revision,
        close_number,
        cast(null as varchar) as recipient_id,
        closed_on as due_on,
        'skill level ' || coalesce(skill_level_before, 'none') || ' becomes ' || skill_level as reason,
    from firsts
    where skill_level is distinct from skill_level_before and skill_level is not null

    union all

    select
        'agent_summary' as action_type,
        'email' as channel,
        agent_id,
        month,
        revision,
        close_number,
        agent_id as recipient_id,
        closed_on as due_on,
        case
            when revision = 1 then 'the month is closed'
            else 'the month was restated, revision ' || revision
        end as reason,
    from firsts
)

select * from final
