"""A company that does not exist, with the traces that a real one leaves: clean behaviour, dirty data, hidden truth."""

from sample_shop.generate import Summary, write

__all__ = ["Summary", "write"]
