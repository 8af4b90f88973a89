{{ entity('events') }}
