-- Tickets, each of the first contact that it is associated with. Closed is what has a time of closing, or stands in
-- stage 4, with which the pipeline that every account begins with ends.
with tickets as (
    {{ newest_version(source('raw', '{source}__tickets'), ['id'], 'updated_at') }}
),

final as (
    select
        {{ native_key('{source}', 'id') }} as ticket_key,
        {{ id_ref('{source}', json_text('associations', ['contacts', 'results', 0, 'id'])) }} as person_ref,
        {{ clean('subject') }} as subject,
        lower({{ clean('hs_ticket_priority') }}) as priority,
        case when closed_date is not null or hs_pipeline_stage = '4' then 'closed' else 'open' end as status,
        created_at,
        closed_date as closed_at,
        {{ extra_columns('{source}', 'tickets') }}
        _source,
        _day
    from tickets
)

select * from final
