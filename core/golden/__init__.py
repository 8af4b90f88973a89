"""The golden record as people/golden_record.yml declares it: read strictly, and handed to dbt as `golden`."""
