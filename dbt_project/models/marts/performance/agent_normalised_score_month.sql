with

figures as (
    select * from {{ ref('agent_performance_month') }}
),

rates as (
    select
        *,
        cast(total_resolved_tickets as double) * 3600 / nullif(logged_in_seconds, 0)
            as tickets_per_logged_in_hour,
    from figures
),

team_medians as (
    select
        team_id,
        month,
        count(*) as team_agents,
        {{ median_of('tickets_per_logged_in_hour') }} as team_median_tickets_per_logged_in_hour,
    from rates
    where role = 'agent' and logged_in_seconds > 0 and team_id is not null
    group by team_id, month
),

volumes as (
    select
        rates.*,
        coalesce(team_medians.team_agents, 0) as team_agents,
        team_medians.team_median_tickets_per_logged_in_hour,
        round(
            100 * rates.tickets_per_logged_in_hour
            / nullif(team_medians.team_median_tickets_per_logged_in_hour, 0),
            {{ var('score_digits') }}
        ) as normalised_volume,
    from rates
    left join team_medians
        on
            rates.team_id = team_medians.team_id
            and rates.month = team_medians.month
),

final as (
    select
        agent_id,
        month,
        role,
        team_id,
        total_resolved_tickets as resolved_tickets,
        logged_in_seconds,
        tickets_per_logged_in_hour,
        team_agents,
        team_median_tickets_per_logged_in_hour,
        normalised_volume,
        average_quality_score,
        round(
            {{ var('ticket_weight') }} * normalised_volume
            + {{ var('quality_weight') }} * average_quality_score,
            {{ var('score_digits') }}
        ) as normalised_score,
        case
            when coalesce(logged_in_seconds, 0) = 0 then 'no_logged_in_time'
            when normalised_volume is null then 'no_team_median'
            when average_quality_score is null then 'no_evaluation'
            else 'scored'
        end as normalised_score_status,
        productivity_score,
        round(
            cast({{ var('ticket_weight') }} * total_resolved_tickets as double),
            {{ var('score_digits') }}
        ) as score_from_tickets,
        round(
            {{ var('quality_weight') }} * average_quality_score, {{ var('score_digits') }}
        ) as score_from_quality,
        round(
            {{ var('ticket_weight') }} * total_resolved_tickets
            / nullif(productivity_score, 0),
            {{ var('score_digits') }}
        ) as volume_share_of_score,
    from volumes
)

select * from final
