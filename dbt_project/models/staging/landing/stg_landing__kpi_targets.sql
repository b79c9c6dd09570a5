with

latest as (
    {{ latest_versions('kpi_targets', ['team_id', 'kpi', 'effective_from']) }}
),

final as (
    select
        team_id,
        kpi,
        direction,
        target,
        coaching_threshold,
        critical_threshold,
        effective_from,
        review_due_on,
        updated_at,
        load_id,
        row_number,
        load_sequence,
    from latest
)

select * from final
