"""Files in an object store (S3, Google Cloud Storage, Azure, any fsspec URL): one immutable object a batch.
Set-up: docs/channels/object_store.md.

Names     <url>/<sync>/<day>/<idempotency key>.<format>[.gz]: the same batch again is the same object.
Commit    <url>/<sync>/<day>/_manifest.<run>.json lists the run's objects in the order to be read, with rows, bytes
          and SHA-256. An object that no manifest lists is of a batch that never arrived.
Values    CSV as in _csv_lines.py; JSON lines; Parquet with the types as they are.
"""

import hashlib
import os
import re
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
from fsspec.implementations.local import LocalFileSystem
from pydantic import Field, model_validator

from activation.channel import (
    ANYBODYS,
    AUDIENCE_MODES,
    About,
    CallFailed,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    Results,
)
from activation.channels.object_store import manifest as object_store_manifest
from activation.channels.object_store.files import content_of, put, safe, trouble
from activation.channels.object_store.manifest import Manifest, Object
from activation.vendor.access import Access, access
from activation.vendor.csv_lines import rows_of, unwritable
from core.errors import FatalError
from core.settings import Settings
from core.specs import Spec

ABOUT = About("Object store", modes=AUDIENCE_MODES | {"append"}, contacts=ANYBODYS, place=("url",))
LIMITS = Limits(50_000, seconds_per_call=0.5)  # rows an object: some megabytes, which every reader takes at once
S3 = "https://s3.amazonaws.com"  # AWS itself: s3fs finds the region's host
SECRETS = {  # what each store calls the two secrets; Google reads GOOGLE_APPLICATION_CREDENTIALS by itself
    "s3": ("key", "secret"), "s3a": ("key", "secret"), "az": ("account_name", "account_key"),
    "abfs": ("account_name", "account_key"), "abfss": ("account_name", "account_key"),
}  # fmt: skip


class Account(Spec):
    key_env: str | None = (
        "FAIRLEAD_OBJECT_STORE_KEY"  # not set: the store's usual places (environment, profile, instance role)
    )
    secret_env: str | None = "FAIRLEAD_OBJECT_STORE_SECRET"
    storage: dict[str, Any] = Field({})  # further arguments of the store's fsspec file system


class Options(Spec):
    url: str  # s3://bucket/prefix, gs://…, az://…, file:///…
    format: Literal["csv", "jsonl", "parquet"] = "csv"
    gzip: bool = False
    spreadsheet_safe: bool = True  # CSV only

    @model_validator(mode="after")
    def parquet_is_compressed(self) -> "Options":
        if self.gzip and self.format == "parquet":
            raise ValueError("a Parquet file is compressed inside; leave gzip out")
        return self


def open_channel(settings: Settings, options: Options) -> "ObjectStore":
    vendor_access = access(settings, "object_store", Account, S3)
    return ObjectStore(vendor_access, options, not_configured=_missing(options.url))


def _missing(url: str) -> str:
    try:
        fsspec.get_filesystem_class(fsspec.utils.get_protocol(url))
    except (ImportError, ValueError) as error:
        return f"no file system for {fsspec.utils.get_protocol(url)}:// ({error})"
    return ""


@dataclass(repr=False)
class ObjectStore:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"
    not_configured: str = ""

    @cached_property
    def store(self) -> Any:
        """Without a cache of listings: another process may have written."""
        protocol = fsspec.utils.get_protocol(self.options.url)
        storage_options: dict[str, Any] = {
            "use_listings_cache": False,
            "skip_instance_cache": True,
            **self.access.account.storage,
        }
        for name, secret in zip(SECRETS.get(protocol, ()), ("key", "secret"), strict=False):
            if secret in self.access.secrets:
                storage_options[name] = self.access.secrets[secret]
        if protocol in ("s3", "s3a") and self.access.base_url != S3:
            storage_options["endpoint_url"] = self.access.base_url
        return fsspec.filesystem(protocol, **storage_options)

    @cached_property
    def root(self) -> str:
        return str(self.store._strip_protocol(self.options.url)).rstrip("/")

    def push(self, batch: ChangeBatch) -> Results:
        reasons = unwritable(batch.fields) if self.options.format == "csv" else pa.nulls(len(batch), pa.string())
        bad = pc.is_valid(reasons)
        rows = rows_of(batch).filter(pc.invert(bad))
        if len(rows):
            with trouble():
                self._write(batch, rows)
        return Results.rejecting(bad, reasons)

    def _write(self, batch: ChangeBatch, rows: pa.Table) -> None:
        folder = f"{self.root}/{batch.sync}/{batch.day}"
        suffix = self.options.format + (".gz" if self.options.gzip else "")
        name = f"{safe(batch.idempotency_key)}.{suffix}"
        content = content_of(rows, self.options.format, self.options.gzip, self.options.spreadsheet_safe)
        put(self.store, f"{folder}/{name}", content)
        path, manifest = object_store_manifest.of_run(self.store, folder, safe(batch.run_id))
        manifest = manifest or Manifest(sync=batch.sync, day=str(batch.day), run=batch.run_id)
        entry = Object(
            object=name, idempotency_key=batch.idempotency_key, rows=len(rows), bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(), columns=rows.column_names,
        )  # fmt: skip
        if entry not in manifest.objects:
            others = [o for o in manifest.objects if o.idempotency_key != batch.idempotency_key]
            now = manifest.model_copy(update={"objects": [*others, entry]})
            put(self.store, path, now.model_dump_json(indent=1).encode())

    def erase(self, batch: ChangeBatch) -> Results:
        """What readers have copied is theirs: they are told with op `erase`, to forget and not just to take out."""
        return self.push(replace(batch, ops=pa.repeat("erase", len(batch))))

    def look_up(self, idempotency_key: str) -> bool | None:
        """Where a list of that day cannot be read, nobody can say what was in it."""
        sync, day, _ = idempotency_key.split(".", 2)
        with trouble():
            try:
                names = self.store.ls(f"{self.root}/{sync}/{day}", detail=False)
            except FileNotFoundError:
                return False
            manifests = [
                object_store_manifest.read(self.store, n) for n in names if object_store_manifest.is_manifest(n)
            ]
        arrived = any(o.idempotency_key == idempotency_key for m in manifests if m for o in m.objects)
        return arrived or (None if None in manifests else False)

    def held(self, sync: str) -> int | None:
        """0 when no folder of a day is left. None else: a reader may have had the files that are gone, or not."""
        with trouble():
            try:
                return None if self.store.ls(f"{self.root}/{sync}", detail=False) else 0
            except FileNotFoundError:
                return 0

    def faults(self, sync: str) -> list[str]:
        with trouble():
            return list(object_store_manifest.faults(self.store, f"{self.root}/{sync}"))

    def place(self, sync: str, day: date) -> str:
        url = re.sub(r"//[^/@]*:[^/@]*@", "//", self.options.url.rstrip("/"))  # without a password
        return f"{url}/{sync}/{day}/"

    def read_mark(self, sync: str) -> bytes | None:
        with trouble():
            try:
                content: bytes = self.store.cat_file(f"{self.root}/{sync}/_mark.json")
            except FileNotFoundError:
                return None
        return content

    def write_mark(self, sync: str, text: str) -> None:
        with trouble():
            put(self.store, f"{self.root}/{sync}/_mark.json", text.encode())

    def check(self) -> Health:
        try:
            with trouble():
                if isinstance(self.store, LocalFileSystem):
                    folder = next(p for p in (Path(self.root), *Path(self.root).parents) if p.is_dir())
                    return Health(os.access(folder, os.W_OK), "files go to the folder of `url`")
                if hasattr(self.store, "call_s3"):
                    self.store.call_s3("head_bucket", Bucket=self.root.split("/")[0])
                else:
                    self.store.exists(self.root)
        except (CallFailed, FatalError) as error:
            return Health(False, str(error))
        return Health(True, "the store answers")
