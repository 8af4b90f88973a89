{{ entity('tickets') }}
