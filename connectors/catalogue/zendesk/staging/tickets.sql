-- Tickets that are not deleted, as they stand. A good rating is 5, a bad one 1.
with tickets as (
    {{ newest_version(source('raw', '{source}__tickets'), ['id'], 'generated_timestamp') }}
),

final as (
    select
        {{ native_key('{source}', 'id') }} as ticket_key,
        {{ id_ref('{source}', 'requester_id') }} as person_ref,
        {{ clean('subject') }} as subject,
        lower({{ clean('priority') }}) as priority,
        case lower({{ clean('status') }})
            when 'new' then 'open'
            when 'open' then 'open'
            when 'pending' then 'open'
            when 'hold' then 'open'
            when 'solved' then 'closed'
            when 'closed' then 'closed'
        end as status,
        created_at,
        case when lower({{ clean('status') }}) in ('solved', 'closed') then solved_at end as closed_at,
        case lower({{ clean('satisfaction_score') }}) when 'good' then 5 when 'bad' then 1 end as satisfaction,
        {{ extra_columns('{source}', 'tickets') }}
        _source,
        _day
    from tickets
    where coalesce(lower({{ clean('status') }}), '') <> 'deleted'
)

select * from final
