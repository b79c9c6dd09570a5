"""The figures of fct_agent_day and fct_agent_month, and the monthly score, in one script made for speed alone.

    python -m benchmarks.limit HOME AS_OF OUT.duckdb [MEMORY]

Numbers in place of ids, whole timelines packed into one sorted integer, nothing kept that no figure needs. It knows
what the simulated centre has and has not: no vendors' exports, no team without tracked status, no two segments of an
agent at once, instants in whole seconds after 1970, time zones whose days begin at a quarter of an hour, and
everything landed. So it is no way to run a centre; it says what the machine can do. `benchmarks.models` compares its
figures with the marts. MEMORY, such as 2GiB, makes it spill where it needs more, as the models do.
"""

import sys

import duckdb

STATE, DAY, LAST = 2**40, 2**20, 2**32 - 1
"""What one unit of a state and of a day number weighs in a packed counter; a contact in hand weighs 1.
No second is LAST or later."""

SMALL = ("tickets", "qa_evaluations", "csat_surveys", "sales", "compliance_events", "shifts")


def script(home: str, as_of: str) -> str:
    """The SQL, for a home whose files are loaded."""
    now = f"timestamptz '{as_of}'"
    now_s = f"epoch_us({now}) // 1000000"

    def raw(dataset: str) -> str:
        return f"read_parquet('{home}/raw/{dataset}/*.parquet', union_by_name = true)"

    def newest(dataset: str, key: str, columns: str) -> str:
        """Of the few rows that came more than once the newest version, all others as they are."""
        known = f"(updated_at is null or updated_at <= {now})"
        return f"""
            select {columns} from {raw(dataset)}
            where {known} and hash({key}) not in (from twice_{dataset})
            union all
            select {columns} from (
                from {raw(dataset)} inner join loads using (load_id)
                where {known} and hash({key}) in (from twice_{dataset})
                qualify row_number() over (
                    partition by {key}
                    order by updated_at desc nulls last, load_sequence desc, row_number desc
                ) = 1
            )
        """

    def dated(rows: str, instant: str) -> str:
        """Rows with a person's number `n` and the business date of an instant; those before `as_of`."""
        return f"""
            select rows.*, dates.day
            from ({rows}) as rows
            inner join zones on rows.n = zones.n and rows.{instant} >= zones.begins and rows.{instant} < zones.ends
            inner join dates on zones.time_zone = dates.time_zone and epoch_us(rows.{instant}) // 900000000 = dates.q
            where rows.{instant} <= {now}
        """

    def outcomes(
        dataset: str, key: str, instant: str, columns: str = "", where: str = "true"
    ) -> str:
        """Newest rows of a dataset with person, business date and some columns."""
        named = ", ".join(filter(None, ["agent_id", instant, columns]))
        kept = ", ".join(filter(None, ["n", instant, columns]))
        return dated(
            f"select {kept} from ({newest(dataset, key, named)}) inner join people using (agent_id)"
            f" where {where}",
            instant,
        )

    keys = {
        "interactions": "interaction_id", "status_events": "event_id", "tickets": "ticket_id",
        "qa_evaluations": "evaluation_id", "csat_surveys": "survey_id", "sales": "lead_id",
        "compliance_events": "event_id", "shifts": "segment_id",
    }  # fmt: skip
    twice = "\n".join(
        f"create temp table twice_{dataset} as select hash({key}) as h from {raw(dataset)}"
        " group by h having count(*) > 1;"
        for dataset, key in keys.items()
    )
    named = " union ".join(f"select agent_id from {raw(dataset)}" for dataset in keys)
    parts = [
        "available_seconds", "active_seconds", "unavailable_seconds", "break_seconds", "meeting_seconds",
        "training_seconds", "back_office_seconds", "other_unavailable_seconds", "unclassified_seconds",
        "logged_in_seconds", "sessions", "handling_seconds", "off_clock_handling_seconds",
        "handling_interval_seconds", "handled_contacts", "talk_seconds", "hold_seconds", "acw_seconds",
        "handle_seconds", "transferred_contacts", "escalated_contacts", "fcr_contacts", "fcr_eligible_contacts",
        "fcr_pending_contacts", "csat_sent", "csat_responses", "csat_satisfied", "csat_points", "evaluations",
        "quality_points", "quality_points_squared", "resolved_tickets", "scheduled_seconds", "adherent_seconds",
        "late_seconds", "leads", "engaged_leads", "converted_leads", "compliance_events",
    ]  # fmt: skip
    types = {"quality_points": "decimal(38, 9)", "quality_points_squared": "decimal(38, 18)"}
    summed = ",\n".join(
        f"cast(sum({part}) as {types.get(part, 'bigint')}) as {part}"
        if part == "late_seconds"
        else f"cast(coalesce(sum({part}), 0) as {types.get(part, 'bigint')}) as {part}"
        for part in parts
    )
    late = (
        "case when sum(shift_count) > 0 then cast(sum(late_seconds) as bigint) else 0 end"
        " as late_seconds"
    )
    by_day = summed.replace("cast(sum(late_seconds) as bigint) as late_seconds", late)
    ratios = """
        cast(active_seconds as double) / nullif(active_seconds + available_seconds, 0) as occupancy,
        cast(active_seconds as double) / nullif(logged_in_seconds, 0) as utilization,
        cast(handling_interval_seconds as double) / nullif(handling_seconds, 0) as concurrency,
        cast(handle_seconds as double) / nullif(handled_contacts, 0) as aht_seconds,
        cast(transferred_contacts as double) / nullif(handled_contacts, 0) as transfer_rate,
        cast(escalated_contacts as double) / nullif(handled_contacts, 0) as escalation_rate,
        cast(fcr_contacts as double) / nullif(fcr_eligible_contacts, 0) as fcr,
        cast(csat_satisfied as double) / nullif(csat_responses, 0) as csat,
        cast(csat_points as double) / nullif(csat_responses, 0) as csat_mean,
        cast(csat_responses as double) / nullif(csat_sent, 0) as survey_response_rate,
        cast(quality_points as double) / nullif(evaluations, 0) as quality_score,
        cast(adherent_seconds as double) / nullif(scheduled_seconds, 0) as adherence,
        cast(engaged_leads as double) / nullif(leads, 0) as engagement_rate,
        cast(converted_leads as double) / nullif(leads, 0) as conversion_rate
    """
    window = "interval '168 hours'"
    contact_columns = (
        "interaction_id, agent_id, customer_id, topic, answered_at, ended_at,"
        " talk_seconds, hold_seconds, acw_seconds, outcome"
    )
    resolved = outcomes(
        "tickets", "ticket_id", "resolved_at", "status", "status in ('resolved', 'closed')"
    )
    evaluated = outcomes("qa_evaluations", "evaluation_id", "evaluated_at", "score, critical_fail")
    sent = outcomes("csat_surveys", "survey_id", "sent_at")
    answered = outcomes("csat_surveys", "survey_id", "responded_at", "score", "score is not null")
    created = outcomes("sales", "lead_id", "created_at", "engaged_at, converted_at")
    found = outcomes("compliance_events", "event_id", "occurred_at")
    return f"""
set TimeZone = 'UTC';
set preserve_insertion_order = false;

create temp table loads as
select content.load_id as load_id, content.load_sequence as load_sequence
from read_json('{home}/records/ledger.ndjson', format = 'newline_delimited')
where kind = 'load' and content.status = 'loaded';
{twice}
create temp table profiles as
with newest as (
    from {raw("agents")} inner join loads using (load_id)
    where updated_at is null or updated_at <= {now}
    qualify row_number() over (
        partition by agent_id, effective_from
        order by updated_at desc nulls last, load_sequence desc, row_number desc
    ) = 1
),
known as (
    select
        *, row_number() over (partition by agent_id order by effective_from) = 1 as is_first,
        timezone(time_zone, cast(effective_from as timestamp)) as since
    from newest
    where effective_from <= cast(timezone(time_zone, {now}) as date)
)
select
    agent_id, team_id, site, function, time_zone,
    if(is_first, date '1900-01-01', effective_from) as valid_from,
    lead(effective_from, 1, date '9999-12-31') over agent as valid_until,
    if(is_first, timestamptz '1900-01-01 00:00:00+00', since) as begins,
    lead(since, 1, timestamptz '9999-12-31 00:00:00+00') over agent as ends
from known
window agent as (partition by agent_id order by effective_from);

create temp table people as
select agent_id, row_number() over () as n
from ({named} union select agent_id from profiles)
where agent_id is not null;

create temp table zones as
select
    people.n, coalesce(profiles.time_zone, 'UTC') as time_zone,
    coalesce(begins, timestamptz '1900-01-01 00:00:00+00') as begins,
    coalesce(ends, timestamptz '9999-12-31 00:00:00+00') as ends
from people left join profiles using (agent_id);

-- The local date of each quarter of an hour.
create temp table dates as
with span as (
    select min(t) - 172800000000 as first, {now_s} * 1000000 + 172800000000 as last
    from (
        select epoch_us(min(answered_at)) as t from {raw("interactions")}
        union all select epoch_us(min(occurred_at)) from {raw("status_events")}
        union all select epoch_us(min(starts_at)) from {raw("shifts")}
        union all select epoch_us(min(created_at)) from {raw("sales")}
        union all select epoch_us(min(sent_at)) from {raw("csat_surveys")}
        union all select epoch_us(min(resolved_at)) from {raw("tickets")}
        union all select epoch_us(min(evaluated_at)) from {raw("qa_evaluations")}
        union all select epoch_us(min(occurred_at)) from {raw("compliance_events")}
    )
)
select time_zone, q, timezone(time_zone, make_timestamptz(q * 900000000))::date - date '1970-01-01' as day
from (select distinct time_zone from zones)
cross join (select unnest(generate_series(first // 900000000, last // 900000000)) as q from span);

create temp table contacts as
select
    people.n, hash(customer_id, topic) as issue, interaction_id, answered_at, ended_at,
    coalesce(talk_seconds, 0)::integer as talk_seconds, coalesce(hold_seconds, 0)::integer as hold_seconds,
    coalesce(acw_seconds, 0)::integer as acw_seconds, outcome, epoch_us(answered_at) // 1000000 as begins,
    if(ended_at <= {now}, least(epoch_us(ended_at) // 1000000 + coalesce(acw_seconds, 0), {now_s}), {now_s}) as ends
from ({newest("interactions", "interaction_id", contact_columns)})
inner join people using (agent_id)
where answered_at <= {now};

create temp table states as
with events as (
    select
        n, event_id, epoch_us(occurred_at) // 1000000 as t,
        case status
            when 'away' then 1 when 'available' then 2 when 'active' then 3
            when 'unavailable' then case reason
                when 'break' then 4 when 'meal' then 4 when 'meeting' then 5 when 'training' then 6
                when 'back_office' then 7 else 8
            end
            else 9
        end as state
    from ({newest("status_events", "event_id", "event_id, agent_id, occurred_at, status, reason")})
    inner join people using (agent_id)
    where occurred_at <= {now}
),
held as (
    select
        n, t, state,
        lead(t, 1, {now_s}) over agent as ends,
        lag(state, 1, 0) over agent as state_before,
        t - lag(t, 1, t) over agent as gap
    from events
    window agent as (partition by n order by t, event_id)
),
cut as (
    select
        n, t, state, ends,
        if(state_before > 1 and gap > 43200, 1, state_before) as state_before,
        state > 1 and ends - t > 43200 as is_cut
    from held
)
select n, t, state, state_before from cut
union all
select n, t + 43200, 1, state from cut where is_cut;

create temp table day_starts as
with days as (select time_zone, day, min(q) * 900 as starts, max(q) * 900 + 900 as ends from dates group by all),
active as (
    select n, min(t) as first
    from (
        select n, min(t) as t from states group by n
        union all select n, epoch_us(min(answered_at)) // 1000000 from contacts group by n
    )
    group by n
),
starts as (
    select zones.n, days.day, min(greatest(days.starts, epoch_us(zones.begins) // 1000000)) as t
    from zones inner join active on zones.n = active.n inner join days on zones.time_zone = days.time_zone
    where
        make_timestamptz(days.ends * 1000000) > zones.begins
        and make_timestamptz(days.starts * 1000000) < zones.ends
        and days.ends > active.first and days.starts < {now_s}
    group by all
)
select n, day, t, lag(day, 1, 0) over (partition by n order by day) as day_before from starts;

-- Who (from bit 34), when (from bit 2), and what: 0 a contact, 1 a status, 2 a status that begins a session, 3 a day.
-- What an agent has at the end is taken off at a last point, so that one running sum serves all agents.
create temp table sweep as
with agent_points as (
    select
        n, t, if(state > 1 and state_before < 2, 2, 1) as kind,
        (state - state_before) * {STATE} as change
    from states
    union all
    select n, t, 3, (day - day_before) * {DAY} from day_starts
),
points as (
    select (n << 34) | (t << 2) | kind as k, change from agent_points
    union all
    select (n << 34) | ({LAST} << 2), -sum(change)::bigint from agent_points group by n
    union all
    select (n << 34) | (begins << 2), 1 from contacts where ends > begins
    union all
    select (n << 34) | (ends << 2), -1 from contacts where ends > begins
),
swept as (
    select
        k >> 34 as n, (k >> 2) & {LAST} as t, k & 3 as kind, (lead(k) over sorted >> 2) & {LAST} as next,
        (sum(change) over (sorted rows unbounded preceding))::bigint as packed
    from points
    window sorted as (order by k)
),
pieces as (
    select
        n, t, kind, if(next = {LAST}, {now_s}, next) as ends,
        packed // {STATE} as state, packed // {DAY} % {DAY} as day, packed % {DAY} as depth
    from swept
    where t < {LAST}
)
select
    n, day,
    sum(ends - t) filter (state = 2 and depth = 0) as available_seconds,
    sum(ends - t) filter (state = 3 or state = 2 and depth > 0) as active_seconds,
    sum(ends - t) filter (state between 4 and 8) as unavailable_seconds,
    sum(ends - t) filter (state = 4) as break_seconds,
    sum(ends - t) filter (state = 5) as meeting_seconds,
    sum(ends - t) filter (state = 6) as training_seconds,
    sum(ends - t) filter (state = 7) as back_office_seconds,
    sum(ends - t) filter (state = 8) as other_unavailable_seconds,
    sum(ends - t) filter (state = 9) as unclassified_seconds,
    sum(ends - t) filter (state > 1) as logged_in_seconds,
    count(*) filter (kind = 2 or kind = 3 and state > 1) as sessions,
    min(t) filter (state > 1) as first_clock_in,
    max(ends) filter (state > 1) as last_clock_out,
    sum(ends - t) filter (depth > 0) as handling_seconds,
    sum(ends - t) filter (depth > 0 and state < 2) as off_clock_handling_seconds,
    sum((ends - t) * depth) as handling_interval_seconds
from pieces
where ends > t
group by n, day
having logged_in_seconds > 0 or handling_seconds > 0;

create temp table handled as
{dated(f"from contacts where ended_at <= {now}", "answered_at")};

create temp table contact_days as
with several as (select issue from handled group by issue having count(*) > 1),
chained as (
    select
        n, day, answered_at, ended_at, outcome,
        max(ended_at) over (chain rows between unbounded preceding and 1 preceding) as latest_before,
        max(ended_at) over (chain rows unbounded preceding) as latest,
        lead(answered_at) over chain as next_answered
    from handled
    where issue in (from several)
    window chain as (partition by issue order by answered_at, interaction_id)
),
firsts as (
    select n, day, ended_at, outcome, true as is_not_followed from handled where issue not in (from several)
    union all
    select n, day, ended_at, outcome, coalesce(next_answered > latest + {window}, true)
    from chained
    where latest_before is null or answered_at > latest_before + {window}
)
select
    n, day, count(*) as handled_contacts, sum(talk_seconds) as talk_seconds, sum(hold_seconds) as hold_seconds,
    sum(acw_seconds) as acw_seconds, sum(talk_seconds + hold_seconds + acw_seconds) as handle_seconds,
    count(*) filter (outcome = 'transferred') as transferred_contacts,
    count(*) filter (outcome = 'escalated') as escalated_contacts,
    null as fcr_contacts, null as fcr_eligible_contacts, null as fcr_pending_contacts
from handled group by n, day
union all
select
    n, day, null, null, null, null, null, null, null,
    count(*) filter (ended_at + {window} <= {now} and outcome = 'resolved' and is_not_followed),
    count(*) filter (ended_at + {window} <= {now}), count(*) filter (ended_at + {window} > {now})
from firsts group by n, day;

create temp table shift_days as
with segments as (
    select
        row_number() over () as segment, n, shift_id, activity,
        epoch_us(starts_at) // 1000000 as starts, epoch_us(ends_at) // 1000000 as ends
    from ({newest("shifts", "segment_id", "segment_id, agent_id, shift_id, activity, starts_at, ends_at")})
    inner join people using (agent_id)
),
points as (
    select (n << 34) | (t << 2) | 1 as k, state - state_before as change from states
    union all select (n << 34) | ({LAST} << 2), -sum(state - state_before)::bigint from states group by n
    union all select (n << 34) | (starts << 2), segment * 16 from segments where activity <> 'time_off'
    union all select (n << 34) | (ends << 2), segment * -16 from segments where activity <> 'time_off'
),
swept as (
    select
        (k >> 2) & {LAST} as t, (lead(k) over sorted >> 2) & {LAST} as next,
        (sum(change) over (sorted rows unbounded preceding))::bigint as packed
    from points
    window sorted as (order by k)
),
shared as (
    select
        packed // 16 as segment, t, if(next = {LAST}, {now_s}, next) as ends, packed % 16 as state
    from swept
    where packed >= 16 and packed % 16 > 1
),
worked as (
    select
        segment, min(t) as first, sum(ends - t) filter (state in (2, 3, 7)) as work,
        sum(ends - t) filter (state = 4) as break, sum(ends - t) filter (state = 5) as meeting,
        sum(ends - t) filter (state = 6) as training, sum(ends - t) as logged_in
    from shared where ends > t group by segment
),
shifts as (
    select
        n, shift_id, make_timestamptz(min(starts) * 1000000) as first_at,
        min(worked.first) - min(starts) filter (activity <> 'time_off') as late_seconds,
        sum(segments.ends - starts) filter (activity <> 'time_off') as scheduled_seconds,
        sum(case activity
            when 'work' then coalesce(work, 0) when 'meeting' then coalesce(meeting, 0)
            when 'training' then coalesce(training, 0) when 'time_off' then 0
            when 'break' then segments.ends - starts - (coalesce(logged_in, 0) - coalesce(break, 0))
        end) as adherent_seconds
    from segments left join worked using (segment)
    group by n, shift_id
    having max(segments.ends) <= {now_s}
),
dated as ({dated("from shifts", "first_at")})
select
    n, day, count(*) as shift_count, coalesce(sum(scheduled_seconds), 0) as scheduled_seconds,
    sum(adherent_seconds) as adherent_seconds,
    case
        when not bool_and(coalesce(scheduled_seconds, 0) > 0 and late_seconds is null)
            then coalesce(sum(late_seconds), 0)
    end as late_seconds
from dated group by n, day;

create temp table outcome_days as
select n, day, count(*) as resolved_tickets
from ({resolved})
group by n, day
union all by name
select
    n, day, count(*) as evaluations, sum(points) as quality_points,
    sum(points * points) as quality_points_squared
from (select n, day, if(critical_fail, 0, score)::decimal(18, 9) as points from ({evaluated}))
group by n, day
union all by name
select n, day, count(*) as csat_sent
from ({sent})
group by n, day
union all by name
select
    n, day, count(*) as csat_responses, count(*) filter (score >= 4) as csat_satisfied, sum(score) as csat_points
from ({answered})
group by n, day
union all by name
select
    n, day, count(*) as leads, count(*) filter (engaged_at <= {now}) as engaged_leads,
    count(*) filter (converted_at <= {now}) as converted_leads
from ({created})
group by n, day
union all by name
select n, day, count(*) as compliance_events
from ({found})
group by n, day;

create table agent_day as
with together as (
    from sweep union all by name from contact_days union all by name from shift_days union all by name from outcome_days
),
days as (
    select
        n, day, make_timestamptz(min(first_clock_in) * 1000000) as first_clock_in_at,
        make_timestamptz(max(last_clock_out) * 1000000) as last_clock_out_at,
        {by_day}
    from together group by n, day
)
select
    agent_id, date '1970-01-01' + day::integer as business_date, team_id, site, function,
    days.* exclude (n, day), {ratios}
from days
inner join people using (n)
left join profiles using (agent_id)
where agent_id is not null and (valid_from is null or business_date >= valid_from and business_date < valid_until);

create table agent_month as
with months as (
    select agent_id, date_trunc('month', business_date)::date as month, {summed}
    from agent_day group by all
)
select
    *, {ratios},
    round(0.6 * resolved_tickets + 0.4 * (quality_points::double / nullif(evaluations, 0)), 9) as productivity_score
from months;
"""


if __name__ == "__main__":
    with duckdb.connect(sys.argv[3]) as connection:
        for memory in sys.argv[4:]:
            connection.execute(f"set memory_limit = '{memory}'")
        connection.execute(script(sys.argv[1], sys.argv[2]))
