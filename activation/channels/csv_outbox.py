"""A CSV a sync and day in FAIRLEAD_HOME/outbox/<sync>/<day>.csv, with a manifest that says what of it is valid.

Writing   the day's file is written anew beside the old one, forced to disk and renamed; then so is its manifest. The
          manifest is the commit: bytes past its `bytes` are of a batch that never arrived, and the next batch
          replaces them.
Same day  more changes are appended to the same file. When the columns differ, or somebody has taken the file or its
          manifest away or damaged it, a new part is begun (<day>.part2.csv): rows once acknowledged are never lost.
Values    as in _csv_lines.py; `spreadsheet_safe: false` leaves alone what a spreadsheet would run as a formula.
"""

import errno
import hashlib
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from activation.channel import ANYBODYS, AUDIENCE_MODES, About, ChangeBatch, Health, InDoubt, Limits, Results
from activation.vendor import csv_manifest
from activation.vendor.csv_lines import csv_lines, rows_of, unwritable
from activation.vendor.csv_manifest import Batch, Manifest, manifest_of, usable
from core.errors import FatalError
from core.settings import Settings
from core.specs import Spec

ABOUT = About("CSV outbox", modes=AUDIENCE_MODES | {"append"}, contacts=ANYBODYS)
CHUNK = 1 << 20
MARK = "_mark.json"  # no CSV and no manifest: who reads files passes it over
LIMITS = Limits(batch_size=50_000, seconds_per_call=0.5)  # a batch is one rewrite of the file: large ones cost less


class Options(Spec):
    spreadsheet_safe: bool = True


def open_channel(settings: Settings, options: Options) -> "CsvOutbox":
    return CsvOutbox(settings.home / "outbox", options.spreadsheet_safe)


@dataclass(frozen=True)
class CsvOutbox:
    folder: Path
    spreadsheet_safe: bool = True
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"
    not_configured: str = ""

    def push(self, batch: ChangeBatch) -> Results:
        reasons = unwritable(batch.fields)
        bad = pc.is_valid(reasons)
        rows = rows_of(batch).filter(pc.invert(bad))
        if len(rows):
            self.write(batch, rows)
        return Results.rejecting(bad, reasons)

    def erase(self, batch: ChangeBatch) -> Results:
        """Files once written are other people's: a row with op `remove` is all that can be said to them."""
        return self.push(batch)

    def look_up(self, idempotency_key: str) -> bool | None:
        """Where a file of that day has no manifest that can be read, nobody can say what it holds."""
        sync, day, _ = idempotency_key.split(".", 2)
        manifests = [csv_manifest.read(path) for path in csv_manifest.parts(self.folder / sync, day)]
        return any(m.has(idempotency_key) for m in manifests if m) or (None if None in manifests else False)

    def held(self, sync: str) -> int | None:
        """0 when no file is left. Of some that are gone nobody can say whether their reader has had them: None."""
        return None if any((self.folder / sync).glob("*.csv")) else 0

    def faults(self, sync: str) -> list[str]:
        return list(csv_manifest.faults(self.folder / sync))

    def place(self, sync: str, day: date) -> str:
        return ", ".join(str(path) for path in csv_manifest.parts(self.folder / sync, str(day)) if path.is_file())

    def read_mark(self, sync: str) -> bytes | None:
        path = self.folder / sync / MARK
        try:
            return path.read_bytes() if os.path.lexists(path) else None
        except OSError as error:
            raise FatalError(f"outbox: {MARK}: {error.strerror or type(error).__name__}. Mend its rights.") from None

    def write_mark(self, sync: str, text: str) -> None:
        try:
            (self.folder / sync).mkdir(parents=True, exist_ok=True)
            with _Replacing(self.folder / sync / MARK) as out:
                out.write(text.encode())
        except OSError as error:
            raise FatalError(
                f"outbox: {error.strerror or type(error).__name__}. Free the disk or mend its rights."
            ) from None

    def check(self) -> Health:
        place = next(folder for folder in (self.folder, *self.folder.parents) if folder.exists())  # made by a push
        if not place.is_dir():
            return Health(False, f"{place.name}: {os.strerror(errno.ENOTDIR)}")
        return Health(os.access(place, os.W_OK), f"files go to {self.folder.name}/<sync>/<day>.csv")

    def write(self, batch: ChangeBatch, rows: pa.Table) -> None:
        """Put rows of any columns into the day's file under the batch's key; a key that is in it adds nothing."""
        try:
            self._append(batch, rows)
        except OSError as error:
            raise FatalError(
                f"outbox: {error.strerror or type(error).__name__}. Free the disk or mend its rights, then push again."
            ) from None

    def _append(self, batch: ChangeBatch, rows: pa.Table) -> None:
        folder = self.folder / batch.sync
        folder.mkdir(parents=True, exist_ok=True)
        path, manifest = _part(folder, str(batch.day), rows.column_names)
        if manifest and manifest.has(batch.idempotency_key):
            return
        valid, row_count, batches = (manifest.bytes, manifest.rows, manifest.batches) if manifest else (0, 0, [])
        if (
            not manifest
        ):  # before the first row: a file that is cut off before its own manifest is known to hold nothing yet
            none = Manifest(sync=batch.sync, day=batch.day, run=batch.run_id, file=path.name, columns=rows.column_names)
            _write(manifest_of(path), none)
        digest = hashlib.sha256()
        with _Replacing(path) as out:
            if valid:
                _copy(path, out, digest, valid)
            text = csv_lines(rows, not valid, self.spreadsheet_safe)
            digest.update(text)
            out.write(text)
        now = Manifest(
            sync=batch.sync, day=batch.day, run=batch.run_id, file=path.name,
            columns=rows.column_names, rows=row_count + len(rows),
            bytes=valid + len(text), sha256=digest.hexdigest(), spreadsheet_safe=self.spreadsheet_safe,
            batches=[*batches, Batch(idempotency_key=batch.idempotency_key, rows=len(rows))],
        )  # fmt: skip
        _write(manifest_of(path), now)


def _write(path: Path, manifest: Manifest) -> None:
    with _Replacing(path) as out:
        out.write(manifest.model_dump_json(indent=1).encode())


class _Replacing:
    """Write beside, force to disk, rename over: a reader sees the old file or the new one, never half of one."""

    def __init__(self, path: Path) -> None:
        self.path, self.beside = path, path.with_name(f".{path.name}.tmp")

    def __enter__(self) -> BinaryIO:
        self.file = self.beside.open("wb")
        return self.file

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        with self.file:
            if failed is None:
                self.file.flush()
                os.fsync(self.file.fileno())
        if failed is not None:
            self.beside.unlink(missing_ok=True)
            return
        self.beside.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _part(folder: Path, day: str, columns: list[str]) -> tuple[Path, Manifest | None]:
    """The file to go on with and its manifest (None for a new one)."""
    number = 1
    while True:
        path = folder / (f"{day}.csv" if number == 1 else f"{day}.part{number}.csv")
        if not (os.path.lexists(path) or os.path.lexists(manifest_of(path))):
            return path, None
        if manifest := usable(path, columns):
            return path, manifest
        number += 1


def _copy(path: Path, out: BinaryIO, digest: Any, size: int) -> None:
    with path.open("rb") as old:
        while size > 0 and (chunk := old.read(min(CHUNK, size))):
            digest.update(chunk)
            out.write(chunk)
            size -= len(chunk)
