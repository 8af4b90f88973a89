"""Governance answered: lineage, the data dictionary, and what `fairlead doctor` says of both."""
