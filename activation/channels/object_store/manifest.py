"""The list of a run's objects in an object store, and which objects and lists of late are gone or damaged."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]
LATELY = 7  # days that are looked at: a look must not cost more the longer a sync has run
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Object(BaseModel):
    model_config = ConfigDict(strict=True)
    object: str
    idempotency_key: str
    rows: Count
    bytes: Count
    sha256: str
    columns: list[str]


class Manifest(BaseModel):
    model_config = ConfigDict(strict=True)
    sync: str
    day: str
    run: str
    objects: list[Object] = []


def read(store: Any, path: str) -> Manifest | None:
    """None for one that nobody can read. Raises FileNotFoundError where there is none."""
    try:
        return Manifest.model_validate_json(store.cat_file(path))
    except ValueError:
        return None


def of_run(store: Any, folder: str, run: str) -> tuple[str, Manifest | None]:
    """Where the run's list stands and what is in it (None: nothing yet). A damaged one is left beside the next."""
    number = 1
    while True:
        path = f"{folder}/_manifest.{run}{'' if number == 1 else f'.part{number}'}.json"
        try:
            manifest = read(store, path)
        except FileNotFoundError:
            return path, None
        if manifest:
            return path, manifest
        number += 1


def is_manifest(path: str) -> bool:
    return _name(path).startswith("_manifest.")


def faults(store: Any, folder: str) -> Iterator[str]:
    """What of a sync's late files is missing or damaged, in words. Objects that no list names never arrived."""
    try:
        days = [path for path in store.ls(folder, detail=False) if DAY.fullmatch(_name(path))]
    except FileNotFoundError:
        return
    for path in sorted(days)[-LATELY:]:
        sizes = {_name(f["name"]): int(f["size"] or 0) for f in store.ls(path, detail=True) if f["type"] == "file"}
        sizes = {name: size for name, size in sizes.items() if name and not name.startswith(".")}
        lists = [name for name in sizes if is_manifest(name)]
        if sizes and not lists:
            yield f"{_name(folder)}/{_name(path)} holds objects without a _manifest.*.json"
        for name in lists:
            yield from (f"{_name(folder)}/{_name(path)}/{words}" for words in _of_list(store, path, name, sizes))


def _of_list(store: Any, folder: str, name: str, sizes: dict[str, int]) -> Iterator[str]:
    manifest = read(store, f"{folder}/{name}")
    if manifest is None:
        yield f"{name} cannot be read as a manifest"
    for each in manifest.objects if manifest else []:
        if each.object not in sizes:
            yield f"{each.object} is gone, and its manifest is not"
        elif sizes[each.object] < each.bytes:
            yield f"{each.object} is shorter than its manifest says"


def _name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
