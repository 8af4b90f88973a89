"""A steward's word on single fields of the golden record, and what there is to decide."""
