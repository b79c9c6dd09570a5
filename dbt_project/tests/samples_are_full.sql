-- An agent's month has the sample's size of draws, or one of each handled contact.
select
    agent_id,
    month,
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
group by agent_id, month
having count(qa_sample.interaction_id) != least(count(*), {{ var('qa_sample_size') }})
