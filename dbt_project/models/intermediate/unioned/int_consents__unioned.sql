{{ entity('consents') }}
