-- What the marts' rules on a PostgreSQL server stand on. Every statement may be run again.
create schema if not exists marts;
create schema if not exists access;
comment on schema marts is 'The published marts of Scorehouse. Each publication replaces all rows at once.';
comment on schema access is 'Who may read which rows of marts.';
revoke all on schema marts, access from public;
grant usage on schema marts, access
    to scorehouse_agent, scorehouse_lead, scorehouse_head, scorehouse_auditor;

-- Kept by whoever runs the server: a user has the rows of each line with his name, if he is granted the role as well.
create table if not exists access.member (
    db_user name not null,
    role text not null check (role in ('agent', 'lead', 'head')),
    agent_id text,
    team_id text,
    department text,
    unique nulls not distinct (db_user, role, agent_id, team_id, department),
    check (
        num_nonnulls(agent_id, team_id, department) = 1
        and (role <> 'agent' or agent_id is not null)
        and (role <> 'lead' or team_id is not null)
        and (role <> 'head' or department is not null)
    )
);
comment on table access.member is
'Who a user of the database is: an agent (agent_id), the lead of a team (team_id) or the head of a department.';

create table if not exists access.team (team_id text, department text);
create table if not exists access.profile (
    agent_id text, first_day date, last_day date, team_id text, department text
);
create index if not exists profile_of_agent on access.profile (agent_id);
create table if not exists access.mart (mart text primary key, definition text not null);
create table if not exists access.publication (
    content text not null, rules text not null, as_of timestamptz not null, published_at timestamptz not null
);
revoke all on all tables in schema access from public,
    scorehouse_agent, scorehouse_lead, scorehouse_head, scorehouse_auditor;
grant select (as_of, published_at) on access.publication
    to scorehouse_agent, scorehouse_lead, scorehouse_head, scorehouse_auditor;

-- They run as the publisher, and answer for who logged in alone. A role counts only while the user has it.
create or replace function access.teams_of(asked text) returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select coalesce(array_agg(distinct team.team_id), '{}')
    from access.member
    inner join access.team
        on team.team_id = member.team_id or team.department = member.department
    where member.db_user = session_user and member.role = asked and asked in ('lead', 'head')
        and pg_has_role(session_user, 'scorehouse_' || asked, 'member')
$$;

create or replace function access.departments() returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select coalesce(array_agg(distinct member.department), '{}')
    from access.member
    where member.db_user = session_user and member.role = 'head'
        and pg_has_role(session_user, 'scorehouse_head', 'member')
$$;

create or replace function access.agents_of(asked text) returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select coalesce(array_agg(distinct agent_id), '{}') from (
        select member.agent_id from access.member
        where member.db_user = session_user and member.role = 'agent' and asked = 'agent'
            and pg_has_role(session_user, 'scorehouse_agent', 'member')
        union all
        select profile.agent_id from access.profile
        where profile.team_id = any (access.teams_of(asked))
    ) as mine
$$;

create or replace function access.led_on(asked text, agent text, day date) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from access.profile
        where profile.agent_id = agent and day between profile.first_day and profile.last_day
            and profile.team_id = any (access.teams_of(asked))
    )
$$;

create or replace function access.audits() returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select pg_has_role(session_user, 'scorehouse_auditor', 'member') $$;

revoke all on all functions in schema access from public;
grant execute on all functions in schema access
    to scorehouse_agent, scorehouse_lead, scorehouse_head, scorehouse_auditor;
