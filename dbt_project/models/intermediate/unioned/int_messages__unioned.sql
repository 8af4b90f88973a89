{{ entity('messages') }}
