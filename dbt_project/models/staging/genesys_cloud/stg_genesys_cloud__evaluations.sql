{{ config(materialized = inlined('view')) }}

{#
  One row per evaluation, as its newest version says: an evaluation is exported again when it is scored anew.
  Without a total the score is that of its groups: their points times their weight, of those that were possible. A group
  that does not apply has no points.
#}
with

records as (
    {{ raw_records('genesys_cloud', 'evaluations') }}
),

context as (
    select * from {{ ref('int_run__context') }}
),

read as (
    select
        {%- for name, path in [
            ('evaluation_id', 'id'), ('conversation_id', 'conversation.id'),
            ('user_id', 'agent.id'), ('evaluator_user_id', 'evaluator.id'),
            ('calibration_id', 'calibration.id'),
            ('retracted_evaluation_id', 'retractedEvaluation.id'),
        ] %}
        nullif(payload ->> '$.{{ path }}', '') as {{ name }},
        {%- endfor %}
        upper(payload ->> '$.status') as status,
        {%- for name, path in [
            ('submitted_at', 'submittedDate'), ('changed_at', 'changedDate'),
            ('created_at', 'createdDate'), ('released_at', 'releaseDate'),
        ] %}
        try_cast(payload ->> '$.{{ path }}' as timestamptz) as {{ name }},
        {%- endfor %}
        {%- for name, path in [
            ('is_scoring_index', 'isScoringIndex'), ('is_deleted', 'deleted'),
            ('has_failed_kill_question', 'answers.anyFailedKillQuestions'),
        ] %}
        coalesce(try_cast(payload ->> '$.{{ path }}' as boolean), false) as {{ name }},
        {%- endfor %}
        coalesce(changed_at, submitted_at, created_at) as known_at,
        try_cast(payload ->> '$.version' as bigint) as version,
        try_cast(payload ->> '$.answers.totalScore' as decimal(18, 9)) as total_score,
        {{ json_record("payload -> '$.answers.questionGroupScores'", [{
            "questionGroupId": "VARCHAR",
            "markedNA": "BOOLEAN", "systemMarkedNA": "BOOLEAN",
            "totalScore": "DOUBLE", "maxTotalScore": "DOUBLE",
            "totalScoreUnweighted": "DOUBLE", "maxTotalScoreUnweighted": "DOUBLE",
        }]) }} as groups,
        {{ json_record("payload -> '$.evaluationForm.questionGroups'", [{
            "id": "VARCHAR", "weight": "DOUBLE",
        }]) }} as form_groups,
        load_id,
        row_number,
        load_sequence,
    from records
),

newest as (
    select
        read.*,
        coalesce(read.submitted_at, read.changed_at, read.created_at)
            as evaluated_at,
    from read
    cross join context
    where
        read.evaluation_id is not null
        and coalesce(read.known_at <= context.as_of, true)
    qualify
        row_number() over (
            partition by read.evaluation_id
            order by
                read.known_at desc nulls last,
                read.version desc nulls last,
                read.load_sequence desc,
                read.row_number desc
        ) = 1
),

groups as (
    select
        evaluation_id,
        {{ explode_list('groups') }} as scored,
    from newest
),

weights as (
    select
        evaluation_id,
        {{ explode_list('form_groups') }} as weighted,
    from newest
),

by_groups as (
    select
        groups.evaluation_id,
        100
        * sum(
            coalesce(
                groups.scored.totalscore,
                groups.scored.totalscoreunweighted * weights.weighted.weight
            )
        )
        / nullif(
            sum(
                coalesce(
                    groups.scored.maxtotalscore,
                    groups.scored.maxtotalscoreunweighted * weights.weighted.weight
                )
            ),
            0
        ) as score,
    from groups
    left join weights
        on
            groups.evaluation_id = weights.evaluation_id
            and groups.scored.questiongroupid = weights.weighted.id
    where
        not coalesce(groups.scored.markedna, false)
        and not coalesce(groups.scored.systemmarkedna, false)
    group by groups.evaluation_id
),

final as (
    select
        newest.* exclude (total_score, groups, form_groups, version, known_at),
        cast(
            case
                when newest.has_failed_kill_question
                    then coalesce(newest.total_score, 0)
                else coalesce(newest.total_score, by_groups.score)
            end as decimal(18, 9)
        ) as score,
    from newest
    left join by_groups
        on newest.evaluation_id = by_groups.evaluation_id
)

select * from final
