"""What people ask of the warehouse: read-only answers, no decisions. Imports core only."""
