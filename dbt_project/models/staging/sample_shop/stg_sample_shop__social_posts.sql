with mentions as (
    {{ newest_version(source('raw', 'sample_shop__mentions'), ['post_id']) }}
),

final as (
    select
        {{ native_key('sample_shop', 'post_id') }} as post_key,
        {{ handle_ref('network', 'handle') }} as person_ref,
        lower({{ clean('network') }}) as network,
        {{ clean('handle') }} as handle,
        text,
        {{ clean('url') }} as url,
        posted_at,
        _source,
        _day
    from mentions
)

select * from final
