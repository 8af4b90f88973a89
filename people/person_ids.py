"""Person ids as numbers and as texts: 64 bits, written as 16 hex digits. Vectorised, and the same on every machine."""

import numpy as np
import pandas as pd
import pyarrow as pa

_DIGIT = np.full(256, 0, dtype=np.uint64)  # the value of an ASCII hex digit
_DIGIT[[ord(c) for c in "0123456789abcdef"]] = np.arange(16)


def hashes(texts: pa.Array) -> np.ndarray:
    """(n,) uint64, one a text (SipHash with pandas' fixed key); of a million people two share one with odds of 3e-8,
    and then the second gets another id."""
    return pd.util.hash_array(texts.to_numpy(zero_copy_only=False), categorize=False)


def rehash(ids: np.ndarray) -> np.ndarray:
    """The next id to try for each: hashed once more, so the sequence of an identifier is always the same."""
    return pd.util.hash_array(ids, categorize=False)


def hex_texts(ids: np.ndarray, prefix: str = "") -> pa.Array:
    """uint64 -> '<prefix><16 hex digits>'."""
    digits = np.frombuffer(ids.astype(">u8").tobytes().hex().encode(), dtype=np.uint8).reshape(len(ids), 16)
    width = len(prefix) + 16
    letters = np.empty((len(ids), width), dtype=np.uint8)
    letters[:, : len(prefix)] = np.frombuffer(prefix.encode(), dtype=np.uint8)
    letters[:, len(prefix) :] = digits
    offsets = np.arange(0, (len(ids) + 1) * width, width, dtype=np.int64)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(letters.tobytes())]
    return pa.Array.from_buffers(pa.large_string(), len(ids), buffers).cast(pa.string())


def numbers(texts: pa.ChunkedArray) -> np.ndarray:
    """'p_0123456789abcdef' -> uint64: the last 16 characters are the number. No NULLs."""
    joined = "".join(texts.to_pylist()).encode() if len(texts) else b""
    letters = np.frombuffer(joined, dtype=np.uint8).reshape(len(texts), -1 if len(texts) else 16)[:, -16:]
    value = np.zeros(len(texts), dtype=np.uint64)
    for position in range(16):
        value = value * np.uint64(16) + _DIGIT[letters[:, position]]
    return value
