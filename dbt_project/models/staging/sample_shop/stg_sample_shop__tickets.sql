-- A ticket is written when it opens and again when it closes: the closed line wins.
with tickets as (
    {{ newest_version(source('raw', 'sample_shop__tickets'), ['ticket_id'], 'closed_at') }}
),

final as (
    select
        {{ native_key('sample_shop', 'ticket_id') }} as ticket_key,
        {{ email_ref('email__normalised') }} as person_ref,
        {{ clean('subject') }} as subject,
        lower({{ clean('priority') }}) as priority,
        status,
        created_at,
        closed_at,
        satisfaction,
        _source,
        _day
    from tickets
)

select * from final
