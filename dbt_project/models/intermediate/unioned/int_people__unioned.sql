{{ entity('people') }}
