{#
  What a department head hears of tasks that nobody did: one notice per head, month and day on which they were due, with
  those that are overdue when it goes out. Only where sessions name tasks at all: a centre that never says which session
  answers which task has no overdue tasks, it has another way to keep them.
#}
with

progress as (
    select * from {{ ref('int_performance__task_progress') }}
),

summaries as (
    select * from {{ ref('monthly_performance_summary') }}
),

feedback as (
    select * from {{ ref('fct_feedback') }}
),

overdue as (
    select
        progress.*,
        summaries.name,
        summaries.department_head_id,
        coalesce(
            summaries.department_head_id,
            'no head: ' || coalesce(summaries.department, 'no department')
        ) as digest_key,
    from progress
    inner join summaries
        on
            progress.agent_id = summaries.agent_id
            and progress.month = summaries.month
            and progress.revision = summaries.revision
    where
        progress.state = 'overdue'
        and exists (
            select 1 from feedback
            where feedback.task_id is not null
        )
),

final as (
    select
        'overdue_tasks_alert' as action_type,
        'email' as channel,
        digest_key,
        department_head_id as recipient_id,
        month,
        max(close_number) as close_number,
        due_on,
        count(*) as overdue_tasks,
        {{ json_text(record_list({
            'task': "case action_type when 'coaching_task' then 'coaching' else 'review' end",
            'agent_id': 'agent_id',
            'name': 'name',
        }, ['action_type', 'agent_id'])) }} as tasks,
    from overdue
    group by digest_key, department_head_id, month, due_on
)

select * from final
