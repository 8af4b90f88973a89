"""The files that a night is made of: Fairlead's own, and a company's in a folder of its own beside them."""
