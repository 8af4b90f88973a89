with social_posts as (
    {{ with_person(ref('int_social_posts__unioned'), 'social_posts') }}
),

final as (
    select
        *,
        {{ local_day('posted_at') }} as posted_on
    from social_posts
)

select * from final
