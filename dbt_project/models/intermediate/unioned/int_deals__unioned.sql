{{ entity('deals') }}
