{#
  How far the tasks of the closes have come: a task is done by the first feedback session about its agent that names it
  (`feedback_sessions.task_id`), and overdue once `as_of` is past the day by which it was due.
#}
with

agent_actions as (
    select * from {{ ref('int_performance__agent_actions') }}
),

feedback as (
    select * from {{ ref('fct_feedback') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

tasks as (
    select
        {{ action_id("action_type", "month", "agent_id || '|' || revision") }} as action_id,
        *,
    from agent_actions
    where channel = 'task'
),

answers as (
    select
        task_id,
        agent_id,
        min(business_date) as done_on,
    from feedback
    where task_id is not null
    group by task_id, agent_id
),

final as (
    select
        tasks.action_id,
        tasks.action_type,
        tasks.agent_id,
        tasks.month,
        tasks.revision,
        tasks.close_number,
        tasks.recipient_id,
        tasks.due_on,
        answers.done_on,
        case
            when answers.done_on is not null then 'done'
            when cast(context.as_of as date) > tasks.due_on then 'overdue'
            else 'open'
        end as state,
    from tasks
    cross join context
    left join answers
        on
            tasks.action_id = answers.task_id
            and tasks.agent_id = answers.agent_id
)

select * from final
