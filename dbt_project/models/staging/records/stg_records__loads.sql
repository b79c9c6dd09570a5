with

ledger as (
    select * from {{ source('records', 'loads') }}
),

final as (
    select
        sequence,
        dataset,
        load_id,
        file,
        file_sha256,
        rows_read,
        rows_loaded,
        rows_rejected,
        loaded_at,
    from ledger
    where status = 'loaded'
)

select * from final
