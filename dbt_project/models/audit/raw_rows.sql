{{ config(parameters=['of_agent'] + period_parameters()) }}

{#
  Which landed rows an agent's days stand on. Counted: rows about the agent whose instant lies on one of the days.
  Context: rows that decide how the counted ones count, whoever and whenever they are about.
#}
with

instants as (
    {%- for dataset, key, instant in [
        ('status_events', 'event_id', 'occurred_at'),
        ('shifts', 'segment_id', 'starts_at'),
        ('interactions', 'interaction_id', 'queued_at'),
        ('interactions', 'interaction_id', 'answered_at'),
        ('interactions', 'interaction_id', 'ended_at'),
        ('tickets', 'ticket_id', 'created_at'),
        ('tickets', 'ticket_id', 'resolved_at'),
        ('qa_evaluations', 'evaluation_id', 'evaluated_at'),
        ('csat_surveys', 'survey_id', 'sent_at'),
        ('csat_surveys', 'survey_id', 'responded_at'),
        ('system_usage', 'usage_id', 'started_at'),
        ('compliance_events', 'event_id', 'occurred_at'),
        ('sales', 'lead_id', 'created_at'),
        ('sales', 'lead_id', 'engaged_at'),
        ('sales', 'lead_id', 'converted_at'),
        ('feedback_sessions', 'feedback_id', 'held_at'),
        ('training_records', 'record_id', 'completed_at'),
    ] %}
    select
        '{{ dataset }}' as dataset,
        dated.{{ key }} as record_id, -- noqa: AL09
        dated.{{ instant }} as happened_at,
        dated.business_date,
        dated.load_id,
        dated.row_number,
    from ({{ with_business_date(mart('stg_landing__' ~ dataset), instant) }}) as dated
    where dated.agent_id = of_agent
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counted as (
    select
        instants.dataset,
        instants.record_id,
        min(instants.business_date) as business_date,
        instants.load_id,
        instants.row_number,
    from instants
    where {{ in_period('instants.business_date') }}
    group by
        instants.dataset,
        instants.record_id,
        instants.load_id,
        instants.row_number
),

-- The state that the first day began in.
state_before as (
    select
        instants.dataset,
        instants.record_id,
        instants.business_date,
        instants.load_id,
        instants.row_number,
    from instants
    where
        instants.dataset = 'status_events'
        and instants.business_date < cast(starts_on as date)
    qualify
        row_number() over (
            order by
                instants.happened_at desc nulls last,
                instants.record_id desc nulls last
        ) = 1
),

issues as (
    select distinct
        contacts.customer_id,
        contacts.topic,
    from {{ mart('stg_landing__interactions') }} as contacts
    inner join counted
        on
            counted.dataset = 'interactions'
            and contacts.interaction_id = counted.record_id
),

-- Whether a contact was the first of its issue, and the last, other contacts of the customer about it say.
same_issue as (
    select
        'interactions' as dataset,
        contacts.interaction_id as record_id,
        cast(null as date) as business_date,
        contacts.load_id,
        contacts.row_number,
    from {{ mart('stg_landing__interactions') }} as contacts
    inner join issues
        on
            contacts.customer_id = issues.customer_id
            and contacts.topic is not distinct from issues.topic
    left join counted
        on
            counted.dataset = 'interactions'
            and contacts.interaction_id = counted.record_id
    where counted.record_id is null
),

profiles as (
    select
        'agents' as dataset,
        people.agent_id as record_id,
        people.effective_from as business_date,
        people.load_id,
        people.row_number,
        people.team_id,
    from {{ mart('stg_landing__agents') }} as people
    where people.agent_id = of_agent
),

teams as (
    select
        'teams' as dataset,
        units.team_id as record_id,
        cast(null as date) as business_date,
        units.load_id,
        units.row_number,
    from {{ mart('stg_landing__teams') }} as units
    where units.team_id in (select profiles.team_id from profiles)
),

targets as (
    select
        'kpi_targets' as dataset,
        standards.kpi as record_id,
        standards.effective_from as business_date,
        standards.load_id,
        standards.row_number,
    from {{ mart('stg_landing__kpi_targets') }} as standards
    where
        standards.team_id in (select profiles.team_id from profiles)
        and standards.effective_from <= cast(ends_on as date)
),

all_rows as (
    select
        'counted' as part,
        counted.*,
    from counted
    {%- for relation in ['state_before', 'same_issue', 'teams', 'targets'] %}
    union all by name
    select
        'context' as part,
        {{ relation }}.*,
    from {{ relation }}
    {%- endfor %}
    union all by name
    select
        'context' as part,
        profiles.* exclude (team_id),
    from profiles
),

final as (
    select
        all_rows.part,
        all_rows.dataset,
        all_rows.record_id,
        all_rows.business_date,
        all_rows.load_id,
        all_rows.row_number,
    from all_rows
)

select * from final
