"""People in groups: households and accounts, with ids that stay (docs/reference/households.md, accounts.md)."""
