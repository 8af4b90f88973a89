"""The senders that `python -m bench.activation` sets side by side, the receiver they all send to, and the bounds.

Each sender is a process of its own, so that its time and its peak memory are its own; nothing here imports DuckDB,
pyarrow or Fairlead into the process that measures. `drt` and `dlt` live in environments that the bench makes itself.
"""
