{#
  What closing the month of this run adds: revision 1 for who has none, the next one for whose figures differ from
  the last. Empty outside a close, and when nothing changed.

  Later data restate a month; the clock does not. First contacts that were too young at the last close mature by
  themselves, so whether first contact resolution changed is judged at the instant of that close. A revision that is
  written for any other reason shows it as it is now.
#}
{% set maturing = ['fcr_contacts', 'fcr_eligible_contacts', 'fcr_pending_contacts', 'fcr'] %}
{% set changes = [] %}
{% for figure in summary_figures() %}
    {% set before, after = 'last_revisions.' ~ figure.name, 'closing.' ~ figure.name %}
    {% set is_text = figure.type == 'varchar' %}
    {% do changes.append(
        'case when ' ~ after ~ ' is distinct from ' ~ before ~ ' then ' ~ record({
            'figure': "'" ~ figure.name ~ "'",
            'before': exact_text(before, figure.type),
            'after': exact_text(after, figure.type),
            'difference': 'cast(null as double)' if is_text else
                'round(cast(' ~ after ~ ' as double) - cast(' ~ before ~ ' as double), ' ~ var('score_digits') ~ ')',
        }) ~ ' end'
    ) %}
{% endfor %}
with

figures as (
    select * from {{ ref('agent_performance_month') }}
),

recorded as (
    select * from {{ ref('stg_records__closed_performance') }}
),

first_contacts as (
    select
        agent_id,
        business_date,
        ended_at + {{ fcr_window() }} as matures_at,
        is_fcr,
    from {{ ref('fct_interaction') }}
    where is_fcr_eligible is not null
),

loads as (
    select * from {{ ref('stg_records__loads') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

closing as (
    select figures.*
    from figures
    inner join context
        on figures.month = context.close_month
),

last_revisions as (
    select recorded.*
    from recorded
    inner join context
        on recorded.month = context.close_month
    qualify
        row_number() over (
            partition by recorded.agent_id, recorded.month order by recorded.revision desc
        ) = 1
),

fcr_at_last_close as (
    select
        last_revisions.agent_id,
        last_revisions.month,
        count(*) filter (
            where first_contacts.matures_at <= last_revisions.as_of and first_contacts.is_fcr
        ) as fcr_contacts,
        count(*) filter (where first_contacts.matures_at <= last_revisions.as_of) as fcr_eligible_contacts,
        count(*) filter (where first_contacts.matures_at > last_revisions.as_of) as fcr_pending_contacts,
    from first_contacts
    inner join last_revisions
        on
            first_contacts.agent_id = last_revisions.agent_id
            and {{ month_start('first_contacts.business_date') }} = last_revisions.month
    group by last_revisions.agent_id, last_revisions.month
),

close_numbers as (
    select
        context.close_month,
        coalesce(max(recorded.close_number), 0) + 1 as close_number,
    from context
    left join recorded
        on context.close_month = recorded.month
    group by context.close_month
),

compared as (
    select
        closing.*,
        coalesce(last_revisions.revision, 0) + 1 as revision,
        last_revisions.load_sequence as last_load_sequence,
        {{ known_items(changes) }} as changed_figures,
        {%- for figure in summary_figures() if figure.name not in maturing %}
        (closing.{{ figure.name }} is distinct from last_revisions.{{ figure.name }})
        or
        {%- endfor %}
        {%- for name in maturing if name != 'fcr' %}
        case
            -- What no source tells is not made up here either: a count of contacts that nobody could follow up.
            when closing.{{ name }} is null then last_revisions.{{ name }} is not null
            else coalesce(fcr_at_last_close.{{ name }}, 0) != coalesce(last_revisions.{{ name }}, 0)
        end
        {{ 'or' if not loop.last }}
        {%- endfor %} as is_changed,
    from closing
    left join last_revisions
        on
            closing.agent_id = last_revisions.agent_id
            and closing.month = last_revisions.month
    left join fcr_at_last_close
        on
            closing.agent_id = fcr_at_last_close.agent_id
            and closing.month = fcr_at_last_close.month
),

-- The first file that came after the revision it replaces: from there on the figures may differ.
later_loads as (
    select
        compared.agent_id,
        min_by(loads.dataset || '/' || loads.load_id, loads.sequence) as changed_since_load,
    from compared
    inner join loads
        on compared.last_load_sequence < loads.sequence
    group by compared.agent_id
),

final as (
    select
        {%- for column in summary_labels() + summary_figures() %}
        compared.{{ column.name }},
        {%- endfor %}
        compared.as_of,
        compared.input_fingerprint,
        compared.load_sequence,
        cast(compared.revision as integer) as revision,
        cast(close_numbers.close_number as integer) as close_number,
        compared.as_of as closed_at,
        case
            when compared.revision > 1 then {{ json_text('compared.changed_figures') }}
        end as changes,
        case when compared.revision > 1 then later_loads.changed_since_load end as changed_since_load,
    from compared
    cross join close_numbers
    left join later_loads
        on compared.agent_id = later_loads.agent_id
    where compared.revision = 1 or compared.is_changed
)

select * from final
