{# Days of a queue on which an interaction that a mart shows is new, gone or changed. #}
select distinct
    queue,
    channel,
    business_date,
from {{ changes_of('fct_interaction') }}
