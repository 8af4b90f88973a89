-- Each identifier that a version of a record of people had, one row an identifier.
{{ config(materialized='table') }}

with versions as (
    select * from {{ ref('int_people__versions') }}
),

held as (
    {%- for identifier in record_identifiers('versions') %}
    select
        record_id,
        {{ identifier }} as identifier,
        _day
    from versions
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select * from held
where identifier is not null
