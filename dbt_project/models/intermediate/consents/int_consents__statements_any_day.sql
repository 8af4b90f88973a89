-- The stops among everything that has arrived by now: a view, for the look just before a push.
{{ config(materialized=late_bound_view()) }}

{{ statements(any_day=true) }}
