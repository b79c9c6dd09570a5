-- An agent's month has the sample's size of draws, or one of each handled contact.
select
    handled.agent_id,
    handled.month,
    count(*) as handled,
    count(qa_sample.interaction_id) as drawn,
from (
    select
        interaction_id,
        agent_id,
        {{ month_start('business_date') }} as month,
    from {{ ref('fct_interaction') }}
    where is_handled
) as handled
left join {{ ref('qa_sample') }} as qa_sample using (interaction_id, agent_id, month)
group by handled.agent_id, handled.month
having
    count(qa_sample.interaction_id) != least(count(*), (
        select max(sizes.limit_value)
        from {{ ref('int_people__profiles') }} as profiles
        inner join {{ ref('int_rules__team_limits') }} as sizes
            on
                sizes.limit_name = 'qa_sample_size'
                and profiles.team_id is not distinct from sizes.team_id
                and {{ month_end('handled.month') }} between sizes.valid_from and sizes.valid_to
        where
            profiles.agent_id = handled.agent_id
            and {{ month_end('handled.month') }} between profiles.valid_from and profiles.valid_to
    ))
