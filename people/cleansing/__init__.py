"""What records say of people, put into one normal form; what the source said stays beside it."""
