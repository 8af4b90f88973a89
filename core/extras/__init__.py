"""A company's own columns and event names: declared in its source files, checked, and handed to dbt."""
