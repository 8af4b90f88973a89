"""A plan as files: the source file, its staging models, and the trial of both."""
