-- One order an invoice. C… is a credit note: a return. An invoice of negative quantities alone, or A…, is an
-- adjustment of the books: kept as a cancelled order, so that sums stay those of the files, and nobody's sale.
with lines as (
    select * from {{ source('raw', 'online_retail__lines') }}
    where _day <= {{ day() }}
),

invoices as (
    select
        invoice_no,
        max({{ online_retail_customer('customer_id') }}) as customer_no,
        min(invoiced_at) as ordered_at,
        max(quantity) as largest_quantity,
        sum({{ money('quantity * unit_price') }}) as revenue,
        max(country) as country,
        max(_source) as _source,
        max(_day) as _day
    from lines
    group by invoice_no
),

final as (
    select
        {{ native_key('online_retail', 'invoice_no') }} as order_key,
        {{ id_ref('online_retail', 'customer_no') }} as person_ref,
        ordered_at,
        'web' as channel,
        case
            when upper(invoice_no) like 'C%' then 'completed'
            when upper(invoice_no) like 'A%' or largest_quantity <= 0 then 'cancelled'
            else 'completed'
        end as status,
        upper(invoice_no) like 'C%' as is_return,
        'GBP' as currency,
        revenue,
        country,
        _source,
        _day
    from invoices
)

select * from final
