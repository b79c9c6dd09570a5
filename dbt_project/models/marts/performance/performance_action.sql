{% set figures = {} %}
{% for name in [
    'agent_id', 'name', 'team_name', 'month', 'revision', 'score_status', 'total_resolved_tickets',
    'average_quality_score', 'productivity_score', 'productivity_target', 'productivity_variance',
    'productivity_attainment', 'coaching_threshold', 'critical_threshold', 'skill_level',
    'previous_skill_level',
] %}
    {% do figures.update({name: 'summaries.' ~ name}) %}
{% endfor %}
{% do figures.update({
    'month': month_text('summaries.month'),
    'highlights': or_empty_list('highlights.highlights'),
}) %}
with

agent_actions as (
    select * from {{ ref('int_performance__agent_actions') }}
),

digests as (
    select * from {{ ref('int_performance__department_digests') }}
),

overdue as (
    select * from {{ ref('int_performance__overdue_digests') }}
),

progress as (
    select * from {{ ref('int_performance__task_progress') }}
),

summaries as (
    select * from {{ ref('monthly_performance_summary') }}
),

kpis as (
    select * from {{ ref('agent_kpi_month') }}
),

people as (
    select * from {{ ref('dim_agent') }}
    where is_current
),

highlights as (
    select
        agent_id,
        month,
        {{ record_list(
            {'kpi': 'kpi', 'value': 'value', 'target': 'target', 'met': 'met'}, ['kpi']
        ) }} as highlights,
    from kpis
    where met
    group by agent_id, month
),

about_agents as (
    select
        agent_actions.*,
        agent_actions.agent_id || '|' || agent_actions.revision as subject,
        {{ json_text(record(figures)) }} as figures,
    from agent_actions
    inner join summaries
        on
            agent_actions.agent_id = summaries.agent_id
            and agent_actions.month = summaries.month
            and agent_actions.revision = summaries.revision
    left join highlights
        on
            agent_actions.agent_id = highlights.agent_id
            and agent_actions.month = highlights.month
),

about_departments as (
    select
        digests.action_type,
        digests.channel,
        cast(null as varchar) as agent_id,
        digests.month,
        cast(null as integer) as revision,
        digests.close_number,
        digests.recipient_id,
        digests.due_on,
        digests.agents_below_target || ' of your agents are below target' as reason,
        digests.digest_key || '|' || digests.close_number as subject,
        '{"month":"' || {{ month_text('digests.month') }} || '","agents":' || digests.agents || '}' as figures,
    from digests
),

about_tasks as (
    select
        overdue.action_type,
        overdue.channel,
        cast(null as varchar) as agent_id,
        overdue.month,
        cast(null as integer) as revision,
        overdue.close_number,
        overdue.recipient_id,
        overdue.due_on,
        overdue.overdue_tasks || ' tasks in your department are overdue' as reason,
        overdue.digest_key || '|' || overdue.due_on as subject,
        '{"month":"' || {{ month_text('overdue.month') }} || '","tasks":' || overdue.tasks || '}' as figures,
    from overdue
),

identified as (
    select
        *,
        {{ action_id("action_type", "month", "subject") }} as action_id,
    from (
        select * from about_agents
        union all
        select * from about_departments
        union all
        select * from about_tasks
    ) as all_actions
),

actions as (
    select
        identified.*,
        progress.state,
        progress.done_on,
    from identified
    left join progress
        on identified.action_id = progress.action_id
),

final as (
    select
        actions.action_id,
        actions.month,
        actions.agent_id,
        actions.revision,
        actions.close_number,
        actions.action_type,
        actions.channel,
        actions.recipient_id,
        people.name as recipient_name,
        case actions.channel
            when 'sms' then people.phone
            when 'email' then people.email
            when 'task' then people.email
        end as recipient_address,
        actions.due_on,
        actions.reason,
        actions.figures,
        actions.state,
        actions.done_on,
    from actions
    left join people
        on actions.recipient_id = people.agent_id
)

select * from final
