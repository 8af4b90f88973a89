{{ entity('products') }}
