{{ config(materialized='build_record') }}
{% if not execute %}{% do ref('stg_records__loads') %}{% do ref('int_run__datasets_collected') %}{% endif %}
{# The run's parameters, the only place that reads them: every other model is a function of its inputs. #}
with

parameters as (
    select
        cast(
            '{{ env_var("SCOREHOUSE_AS_OF", "") or run_started_at.isoformat() }}'
            as timestamptz
        ) as as_of,
        cast(
            nullif('{{ env_var("SCOREHOUSE_CLOSE_MONTH", "") }}', '') as date
        ) as close_month,
        cast(
            nullif('{{ env_var("SCOREHOUSE_KEPT_FROM", "") }}', '') as date
        ) as kept_from
),

final as (
    select
        as_of,
        {{ epoch_seconds('as_of') }} as as_of_seconds,
        close_month,
        kept_from,
    from parameters
)

select * from final
