-- One row a customer number, with the country of the newest invoice.
with invoices as (
    select
        *,
        {{ online_retail_customer('customer_id') }} as customer_no
    from {{ source('raw', 'online_retail__lines') }}
    where _day <= {{ day() }}
),

ranked as (
    select
        *,
        min(invoiced_at) over (partition by customer_no) as created_at,
        row_number() over (partition by customer_no order by invoiced_at desc, _row_key) as newest_first
    from invoices
    where customer_no is not null
),

final as (
    select
        {{ native_key('online_retail', 'customer_no') }} as record_id,
        {{ id_ref('online_retail', 'customer_no') }} as person_ref,
        {{ clean('country') }} as country,
        'customer' as lifecycle,
        created_at,
        invoiced_at as updated_at,
        _source,
        _day
    from ranked
    where newest_first = 1
)

select * from final
