{#
  Interactions of which anything that a mart shows may differ: changed themselves, or whether they were first contacts; and
  between which business dates they lie, then and now.
#}
with

touched as (
    -- In every time zone the date of an instant is this one, or the one before or after it.
    select
        interaction_id,
        cast(from_at as date) - 1 as first_date,
        cast(to_at as date) + 1 as last_date,
    from {{ ref('changed_interactions') }}
    union all
    select
        interaction_id,
        first_date,
        last_date,
    from {{ ref('changed_issues') }}
),

final as (
    select
        interaction_id,
        min(first_date) as first_date,
        max(last_date) as last_date,
    from touched
    group by interaction_id
)

select * from final
