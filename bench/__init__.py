"""Reproducible measurements: each module has run(scale) -> figures, with its bound measured in the same run."""
