{{ entity('accounts') }}
