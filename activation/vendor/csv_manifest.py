"""What lies beside each CSV of the outbox and says what of it is valid; and which of the two is gone or damaged."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

END = ".manifest.json"
Count = Annotated[int, Field(ge=0)]


class Batch(BaseModel):
    model_config = ConfigDict(strict=True)
    idempotency_key: str
    rows: Count


class Manifest(BaseModel):
    model_config = ConfigDict(strict=True)
    sync: str
    day: date
    run: str
    file: str
    columns: list[str]
    rows: Count = 0
    bytes: Count = 0
    sha256: str = ""
    spreadsheet_safe: bool = True
    batches: list[Batch] = []

    def has(self, idempotency_key: str) -> bool:
        return any(b.idempotency_key == idempotency_key for b in self.batches)


def manifest_of(path: Path) -> Path:
    return path.with_suffix(END)


def read(path: Path) -> Manifest | None:
    """The CSV's manifest; None where there is none that can be read: what the CSV holds is not known then."""
    try:
        return Manifest.model_validate_json(manifest_of(path).read_bytes())
    except (OSError, ValueError):  # pydantic's error is a ValueError
        return None


def parts(folder: Path, day: str = "????-??-??") -> list[Path]:
    """The CSVs of a day, or of all: each there by itself or by its manifest."""
    names = {
        p.name.removesuffix(END).removesuffix(".csv") for end in ("csv", END[1:]) for p in folder.glob(f"{day}*.{end}")
    }
    return [folder / f"{name}.csv" for name in sorted(names)]


def usable(path: Path, columns: list[str]) -> Manifest | None:
    """The manifest to go on with; None where another part must be begun, so that nothing is lost."""
    manifest = read(path)
    begun = manifest is not None and not manifest.bytes and not os.path.lexists(path)  # cut off before its first row
    whole = begun or (manifest is not None and path.is_file() and path.stat().st_size >= manifest.bytes)
    return manifest if whole and manifest is not None and manifest.columns == columns else None


def faults(folder: Path) -> Iterator[str]:
    """What of the folder's files is missing or damaged, in words."""
    for path in parts(folder):
        name, manifest = f"{folder.name}/{path.name}", read(path)
        if not os.path.lexists(manifest_of(path)):
            yield f"{name} lies there without {manifest_of(path).name}"
        elif manifest is None:
            yield f"{folder.name}/{manifest_of(path).name} cannot be read as a manifest"
        elif not path.is_file() and manifest.bytes:
            yield f"{name} is gone, and its manifest is not"
        elif manifest.bytes and path.stat().st_size < manifest.bytes:
            yield f"{name} is shorter than its manifest says"
