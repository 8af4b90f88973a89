{{ entity('order_lines') }}
