{{ entity('registrations') }}
