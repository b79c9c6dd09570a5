{# `superseded` in ingestion/ledger.py is the same rule, for closes and status. #}
with

ledger as (
    select
        *,
        split_part(mapping, '#', 1) as mapped_folder,
    from {{ loads_of_ledger(source('records', 'loads')) }}
    where status = 'loaded'
),

-- A file that was loaded again under another mapping counts as it was read last.
standing as (
    select *
    from ledger
    qualify
        mapping is null
        or mapping_sha256 = last_value(mapping_sha256) over (
            partition by mapped_folder, file_sha256
            order by sequence
            rows between unbounded preceding and unbounded following
        )
),

final as (
    select
        sequence,
        dataset,
        load_id,
        file,
        file_sha256,
        mapping_sha256,
        -- The system whose ids the rows have: a vendor, or one that a mapping is for.
        case
            when mapping is not null then split_part(mapping, '/', 1)
            when contains(dataset, '/') then split_part(dataset, '/', 1)
        end as source,
        rows_read,
        rows_loaded,
        rows_rejected,
        loaded_at,
    from standing
)

select * from final
