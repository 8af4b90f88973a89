-- segment__birthday_soon.sql: a birthday today or in the next seven days
{%- set years = 'extract(year from ' ~ day() ~ ') - extract(year from birth_date)' %}
with birthdays as (
    select
        person_id,
        birth_date,
        {{ years_after('birth_date', 'cast(' ~ years ~ ' as integer)') }} as birthday_this_year
    from {{ ref('profiles') }}
    where birth_date is not null and birth_date <= {{ day() }}
),

-- late in December the next birthday may be in January; 29 February is kept on the 28th in other years
nearest as (
    select
        person_id,
        birth_date,
        case
            when birthday_this_year >= {{ day() }} then birthday_this_year
            else {{ years_after('birth_date', 'cast(' ~ years ~ ' + 1 as integer)') }}
        end as birthday_on
    from birthdays
),

final as (
    select person_id, birth_date, birthday_on
    from nearest
    where birthday_on between {{ day() }} and {{ days_before(-7) }}
)

select * from final
