{{ entity('subscriptions') }}
