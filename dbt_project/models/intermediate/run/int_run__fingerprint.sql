{# What the run stands on: the same set of loaded contents has the same fingerprint, in whatever order it came. #}
with

loads as (
    select
        *,
        dataset || ':' || file_sha256 || coalesce(':' || mapping_sha256, '') as content,
    from {{ ref('stg_records__loads') }}
),

final as (
    select
        {{ sha256_hex("coalesce(" ~ joined_text('content', ',', ['dataset', 'content']) ~ ", '')") }}
            as input_fingerprint,
        coalesce(max(sequence), 0) as load_sequence,
    from loads
)

select * from final
