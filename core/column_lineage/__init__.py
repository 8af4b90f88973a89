"""Which columns each column of a dbt model is made of, read from the SQL that dbt compiled."""
