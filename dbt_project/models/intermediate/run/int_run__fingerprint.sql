{# What the run stands on: the same set of loaded contents has the same fingerprint, in whatever order it came. #}
with

loads as (
    select * from {{ ref('stg_records__loads') }}
),

final as (
    select
        {{ sha256_hex("coalesce(string_agg(dataset || ':' || file_sha256, ',' order by dataset, file_sha256), '')") }}
            as input_fingerprint,
        coalesce(max(sequence), 0) as load_sequence,
    from loads
)

select * from final
