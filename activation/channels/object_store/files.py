"""What an object store is given: a batch's bytes, written whole or not at all; and how a store fails."""

import contextlib
import gzip
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from fsspec.implementations.local import LocalFileSystem
from pyarrow import parquet

from activation.channel import MaybeSent
from activation.vendor.csv_lines import csv_lines
from activation.vendor.json_rows import json_rows
from core.errors import FatalError

LASTING = (PermissionError, FileNotFoundError, NotADirectoryError, IsADirectoryError)  # no later try mends these
UNUSABLE = {"NoCredentialsError", "PartialCredentialsError", "ParamValidationError"}  # botocore's
STORES = {
    "botocore",
    "aiobotocore",
    "aiohttp",
    "gcsfs",
    "google",
    "azure",
}  # whose exceptions are the store's, not ours


def content_of(rows: pa.Table, form: str, zipped: bool, spreadsheet_safe: bool) -> bytes:
    """form   csv · jsonl · parquet; the same rows give the same bytes"""
    if form == "parquet":
        sink = io.BytesIO()
        parquet.write_table(rows, sink, compression="zstd")
        return sink.getvalue()
    if form == "csv":
        text = bytes(csv_lines(rows, spreadsheet_safe=spreadsheet_safe))
    else:
        text = "".join(f"{line}\n" for line in json_rows(rows).to_pylist()).encode()
    return gzip.compress(text, mtime=0) if zipped else text


def put(store: Any, path: str, content: bytes) -> None:
    """Whole or not at all: a store's PUT is, and on a disk the file is renamed into its place."""
    if not isinstance(store, LocalFileSystem):
        store.pipe_file(path, content)
        return
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.tmp")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(target)


def safe(text: str) -> str:
    """As part of a name that every store takes: keys are letters, digits and these already, but for the + of a part."""
    return re.sub(r"[^A-Za-z0-9._=-]", "_", text)


@contextlib.contextmanager
def trouble() -> Iterator[None]:
    """Every write is whole and named by its batch, so it can go again; only lasting trouble ends the sync."""
    try:
        yield
    except Exception as error:
        name = type(error).__name__
        if isinstance(error, LASTING) or name in UNUSABLE:
            raise FatalError(f"object_store: {name}. Check the bucket in `url` and the right to write there.") from None
        if isinstance(error, OSError) or type(error).__module__.split(".")[0] in STORES:
            raise MaybeSent(f"object_store: {name}") from None
        raise
