{{ config(materialized = inlined('ephemeral')) }}

{#
  Evaluations that are finished, released to the agent (`genesys_cloud_released_only`), and neither deleted nor replaced
  by a later one. Of a calibration, the one that is its scoring index alone. An evaluation that was not exported itself
  is what its conversation says of it; that it was deleted, the conversation says of every one.
#}
with

evaluations as (
    select * from {{ ref('stg_genesys_cloud__evaluations') }}
),

conversations as (
    select * from {{ ref('stg_genesys_cloud__conversation_details') }}
),

interactions as (
    select * from {{ ref('stg_genesys_cloud__interactions') }}
),

ids as (
    select * from {{ ref('agent_ids') }}
    where source = 'genesys_cloud'
),

context as (
    select * from {{ ref('int_run__context') }}
),

told as (
    select
        conversation_id,
        {{ explode_list('evaluations') }} as evaluation,
        load_id,
        row_number,
        load_sequence,
    from conversations
),

deleted as (
    select evaluation.evaluationid as evaluation_id
    from told
    where evaluation.deleted
),

finished as (
    select
        evaluations.evaluation_id,
        evaluations.conversation_id,
        evaluations.user_id,
        evaluations.evaluator_user_id,
        evaluations.evaluated_at,
        evaluations.score,
        evaluations.has_failed_kill_question as critical_fail,
        evaluations.load_id,
        evaluations.row_number,
        evaluations.load_sequence,
    from evaluations
    cross join context
    where
        evaluations.status = 'FINISHED'
        and not evaluations.is_deleted
        and (evaluations.calibration_id is null or evaluations.is_scoring_index)
        {%- if var('genesys_cloud_released_only') %}
        and evaluations.released_at <= context.as_of
        {%- endif %}
        and evaluations.evaluation_id not in (
            select replacing.retracted_evaluation_id from evaluations as replacing
            where
                replacing.status = 'FINISHED'
                and replacing.retracted_evaluation_id is not null
        )

    union all

    select
        told.evaluation.evaluationid as evaluation_id,
        told.conversation_id,
        nullif(told.evaluation.userid, '') as user_id,
        nullif(told.evaluation.evaluatorid, '') as evaluator_user_id,
        told.evaluation.eventtime as evaluated_at,
        cast(told.evaluation.ototalscore as decimal(18, 9)) as score,
        -- The conversation does not say why a score is 0.
        cast(null as boolean) as critical_fail,
        told.load_id,
        told.row_number,
        told.load_sequence,
    from told
    cross join context
    where
        upper(told.evaluation.evaluationstatus) = 'FINISHED'
        and nullif(told.evaluation.calibrationid, '') is null
        {%- if var('genesys_cloud_released_only') %}
        and told.evaluation.released
        {%- endif %}
        and told.evaluation.eventtime <= context.as_of
        and told.evaluation.evaluationid not in (
            select evaluations.evaluation_id from evaluations
        )
),

legs as (
    select
        conversation_id,
        user_id,
        {{ arg_min('interaction_id', 'answered_at') }} as interaction_id,
    from interactions
    group by conversation_id, user_id
),

final as (
    select
        finished.evaluation_id,
        coalesce(ids.agent_id, finished.user_id) as agent_id,
        coalesce(legs.interaction_id, finished.conversation_id) as interaction_id,
        coalesce(ids_of_evaluators.agent_id, finished.evaluator_user_id)
            as evaluator_id,
        finished.evaluated_at,
        -- Nobody says whether a call was listened to or made up, nor how it was chosen.
        cast(null as varchar) as method,
        cast(null as varchar) as sampling,
        finished.score,
        cast(null as decimal(18, 9)) as script_adherence,
        cast(null as decimal(18, 9)) as tone,
        cast(null as decimal(18, 9)) as solution_accuracy,
        finished.critical_fail,
        cast(null as timestamptz) as updated_at,
        cast(null as varchar) as same_as,
        finished.load_id,
        finished.row_number,
        finished.load_sequence,
    from finished
    left join legs
        on
            finished.conversation_id = legs.conversation_id
            and finished.user_id = legs.user_id
    left join ids
        on finished.user_id = ids.source_agent_id
    left join ids as ids_of_evaluators
        on finished.evaluator_user_id = ids_of_evaluators.source_agent_id
    where
        finished.evaluation_id not in (select deleted.evaluation_id from deleted)
        and finished.evaluated_at is not null
        and finished.score is not null
        and finished.user_id is not null
    qualify
        row_number() over (
            partition by finished.evaluation_id
            order by finished.load_sequence desc, finished.row_number desc
        ) = 1
)

select * from final
