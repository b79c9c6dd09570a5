{#
  Months, from the first to the last of a span, in which a day of any agent changed; all of them, if teams did, for it is
  teams that say which department a day belongs to.
#}
select
    {{ month_start('first_date') }} as first_month,
    {{ month_start('last_date') }} as last_month,
from {{ ref('changed_fact_days') }}
union
select
    date '1900-01-01' as first_month,
    date '9999-12-01' as last_month,
from {{ changes_of('dim_team') }}
