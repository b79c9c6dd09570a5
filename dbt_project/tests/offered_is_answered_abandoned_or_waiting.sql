-- Every inbound interaction is in one queue day: answered, abandoned or waiting.
select
    'queue day' as broken,
    queue,
    channel,
    business_date,
from {{ ref('fct_queue_day') }}
where
    offered != answered + abandoned + waiting
    or answered_within_service_level not between 0 and answered

union all

select
    'sum' as broken,
    null as queue,
    null as channel,
    null as business_date,
from (
    select
        (
            select count(*) from {{ ref('fct_interaction') }}
            cross join {{ ref('int_run__context') }} as context
            where direction = 'inbound' and {{ is_whole('business_date') }}
        ) as interactions,
        (select coalesce(sum(offered), 0) from {{ ref('fct_queue_day') }}) as offered
)
where interactions != offered
