"""A town of people with truth: families, twins, homonyms, switchboards, recycled numbers, errors of every kind."""

from bench.town.records import Town, town

__all__ = ["Town", "town"]
