{#
  The low-performance notice (workflow.md, step 12): one per department head and close that wrote a negative variance
  into the departments of that head; it lists everybody there whose variance is negative as of that close.
#}
{% set listed = {
    'agent_id': 'agent_id', 'name': 'name', 'team_name': 'team_name',
    'productivity_score': 'productivity_score', 'productivity_target': 'productivity_target',
    'productivity_variance': 'productivity_variance',
} %}
with

summaries as (
    select * from {{ ref('monthly_performance_summary') }}
    where role = 'agent'
),

-- A department without a head is a finding of its own: its notice has no recipient, and says so.
headed as (
    select
        *,
        coalesce(department_head_id, 'no head: ' || coalesce(department, 'no department')) as digest_key,
    from summaries
),

closes as (
    select distinct
        month,
        close_number,
        department_head_id,
        digest_key,
        cast(closed_at as date) as closed_on,
    from headed
    where productivity_variance < 0
),

standing as (
    select
        closes.digest_key,
        closes.department_head_id,
        closes.close_number,
        closes.closed_on,
        headed.* exclude (digest_key, department_head_id, close_number),
    from closes
    inner join headed
        on
            closes.digest_key = headed.digest_key
            and closes.month = headed.month
            and closes.close_number >= headed.close_number
    qualify
        row_number() over (
            partition by closes.digest_key, closes.close_number, headed.agent_id, headed.month
            order by headed.revision desc
        ) = 1
),

final as (
    select
        'low_performance_alert' as action_type,
        'email' as channel,
        digest_key,
        department_head_id as recipient_id,
        month,
        close_number,
        max(closed_on) as due_on,
        count(*) as agents_below_target,
        {{ json_text(record_list(listed, ['productivity_variance', 'agent_id'])) }} as agents,
    from standing
    where productivity_variance < 0
    group by digest_key, department_head_id, month, close_number
)

select * from final
