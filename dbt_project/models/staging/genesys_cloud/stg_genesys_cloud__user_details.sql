{{ config(materialized = inlined('view')) }}

{#
  One row per presence, and per routing status, that a user began. A status that lasts over several days is delivered
  with each of them: whole, cut at the end of the day that was asked for, or without an end while it lasts. The version
  that ends last is the whole one. One without an end counts only where it came last: then it goes on.
#}
{# What a status of either kind may have. #}
{% set statuses = [{
    "startTime": "TIMESTAMPTZ", "endTime": "TIMESTAMPTZ", "systemPresence": "VARCHAR",
    "organizationPresenceId": "VARCHAR", "routingStatus": "VARCHAR",
}] %}
with

records as (
    {{ raw_records('genesys_cloud', 'user_details') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

read as (
    select
        nullif(payload ->> '$.userId', '') as user_id,
        {{ json_record(
            'payload', {"primaryPresence": statuses, "routingStatus": statuses}
        ) }} as details,
        load_id,
        row_number,
        load_sequence,
    from records
),

unnested as (
    select
        user_id,
        'presence' as kind,
        {{ explode_list('details.primarypresence') }} as status,
        load_id,
        row_number,
        load_sequence,
    from read

    union all

    select
        user_id,
        'routing' as kind,
        {{ explode_list('details.routingstatus') }} as status,
        load_id,
        row_number,
        load_sequence,
    from read
),

delivered as (
    select
        unnested.user_id,
        unnested.kind,
        unnested.status.starttime as started_at,
        unnested.status.endtime as ended_at,
        upper(coalesce(unnested.status.systempresence, unnested.status.routingstatus))
            as status,
        lower(nullif(unnested.status.organizationpresenceid, ''))
            as organization_presence_id,
        unnested.load_id,
        unnested.row_number,
        unnested.load_sequence,
    from unnested
    cross join context
    where
        unnested.user_id is not null
        and unnested.status.starttime <= context.as_of
        and coalesce(unnested.status.endtime > unnested.status.starttime, true)
),

ranked as (
    select
        *,
        ended_at is null
        and row_number() over (
            partition by user_id, kind, started_at
            order by load_sequence desc, row_number desc, ended_at desc nulls last
        ) = 1 as goes_on,
    from delivered
    where status is not null
),

final as (
    select * exclude (goes_on)
    from ranked
    qualify
        row_number() over (
            partition by user_id, kind, started_at
            order by
                goes_on desc,
                ended_at desc nulls last,
                load_sequence desc,
                row_number desc,
                status asc
        ) = 1
)

select * from final
