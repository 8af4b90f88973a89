"""What the columns of the marts are declared to be: data class, owner, purpose, retention (reference/governance.md)."""
