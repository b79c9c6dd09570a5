{{ config(materialized='compared') }}
with

teams as (
    select * from {{ ref('stg_landing__teams') }}
),

people as (
    select agent_id, name, email, phone from {{ ref('int_people__profiles') }}
    where valid_to = date '9999-12-31'
),

final as (
    select
        teams.team_id,
        teams.team_name,
        teams.department,
        teams.team_lead_id,
        leads.name as team_lead_name,
        teams.supervisor_id,
        supervisors.name as supervisor_name,
        teams.department_head_id,
        heads.name as department_head_name,
    from teams
    left join people as leads
        on teams.team_lead_id = leads.agent_id
    left join people as supervisors
        on teams.supervisor_id = supervisors.agent_id
    left join people as heads
        on teams.department_head_id = heads.agent_id
)

select * from final
