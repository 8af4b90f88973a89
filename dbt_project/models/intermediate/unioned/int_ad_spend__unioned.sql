{{ entity('ad_spend') }}
