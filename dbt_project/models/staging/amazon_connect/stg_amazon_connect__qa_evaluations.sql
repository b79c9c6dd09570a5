{{ config(materialized = inlined('ephemeral')) }}

{# An evaluation names the agent by UUID alone; contacts and events say which user name that is. #}
with

evaluations as (
    select * from {{ ref('stg_amazon_connect__evaluations') }}
),

contacts as (
    select * from {{ ref('stg_amazon_connect__contact_records') }}
),

events as (
    select * from {{ ref('stg_amazon_connect__agent_events') }}
),

ids as (
    select * from {{ ref('agent_ids') }}
    where source = 'amazon_connect'
),

named as (
    select
        agent_uuid,
        max(agent_arn) as agent_arn,
        max(agent_username) as agent_username,
    from (
        select agent_uuid, agent_arn, agent_username from contacts
        union
        select agent_uuid, agent_arn, agent_username from events
    ) as all_names
    where agent_uuid is not null
    group by agent_uuid
),

people as (
    select
        evaluations.*,
        named.agent_arn,
        named.agent_username,
    from evaluations
    left join named
        on evaluations.agent_uuid = named.agent_uuid
),

final as (
    select
        people.evaluation_id,
        {{ amazon_connect_agent('people') }} as agent_id,
        people.contact_id as interaction_id,
        coalesce(ids_of_evaluators.agent_id, people.evaluator) as evaluator_id,
        people.submitted_at as evaluated_at,
        -- Of a form nobody knows whether a call was listened to or made up.
        cast(null as varchar) as method,
        cast(null as varchar) as sampling,
        cast(
            case when people.is_automatic_fail then 0 else people.score end
            as decimal(18, 9)
        ) as score,
        cast(null as decimal(18, 9)) as script_adherence,
        cast(null as decimal(18, 9)) as tone,
        cast(null as decimal(18, 9)) as solution_accuracy,
        people.is_automatic_fail as critical_fail,
        people.submitted_at as updated_at,
        cast(null as varchar) as same_as,
        people.load_id,
        people.row_number,
        people.load_sequence,
    from people
    {{ join_amazon_connect_agent('people') }}
    left join ids as ids_of_evaluators
        on people.evaluator = ids_of_evaluators.source_agent_id
    where
        people.submitted_at is not null
        and (people.score is not null or people.is_automatic_fail)
        and {{ amazon_connect_agent('people') }} is not null
)

select * from final
