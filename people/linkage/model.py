"""A trained model on disk: Splink's parameters, the frequencies of names, a card and charts. JSON and Parquet."""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import FatalError
from core.settings import Settings
from people.linkage.spec import Comparison

FREQUENCIES = pa.schema({"column": "string", "value": "string", "frequency": "float64"})  # value: start of its md5


@dataclass(frozen=True)
class Model:
    """What `find_links` needs, and whence it comes."""

    parameters: dict[str, Any]  # Splink's settings with m and u
    sharing: dict[str, Any]  # what people/linkage/sharing.py has learned
    comparisons: tuple[Comparison, ...]  # those that training found values for
    placeholder_dates: tuple[str, ...]
    frequencies: pa.Table
    card: dict[str, Any]
    charts: dict[str, str] = field(default_factory=dict)  # name -> a whole page, without the network

    @property
    def trained_days(self) -> int:
        """Its day, since 1970: what is too late or too early for a birth stands still until the next training."""
        return (date.fromisoformat(self.card["trained_day"]) - date(1970, 1, 1)).days

    @property
    def personal(self) -> list[str]:
        """Comparisons whose frequencies count among members of a household too."""
        return [part.name for part in self.comparisons if part.kind == "given_name" and part.by_frequency]

    @property
    def limits(self) -> dict[str, int]:
        """Kind of identifier -> most humans that may share one, as its training has learned."""
        return {kind: limit["most_humans"] for kind, limit in self.card.get("limits", {}).items()}

    @property
    def version(self) -> str:
        return str(self.card["version"])


def name_version(day: date, *content: Any) -> str:
    """Of the day and the content: the same records and rules on the same day are the same version."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return f"{day:%Y%m%d}-{digest[:8]}"


def save(model: Model, settings: Settings) -> Path:
    """Write artifacts/identity/<version>/: into a folder beside it, then renamed, so that it is whole or not there."""
    folder = folder_of(settings, model)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        content = {
            "parameters": model.parameters,
            "sharing": model.sharing,
            "comparisons": [comparison.model_dump() for comparison in model.comparisons],
            "placeholder_dates": model.placeholder_dates,
        }
        _write(beside / "model.json", json.dumps(content, indent=1))
        _write(beside / "card.json", json.dumps(model.card, indent=1))
        pq.write_table(model.frequencies, beside / "frequencies.parquet")
        for name, page in model.charts.items():
            _write(beside / f"{name}.html", page)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(beside, folder)  # noqa: PTH105 (Path.replace says nothing more)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


def newest(settings: Settings, day: date) -> Model | None:
    """The newest model trained by the end of the day; None where there is none: then exact keys alone join."""
    versions = sorted(path for path in _root(settings).glob("[0-9]*") if path.name[:8] <= f"{day:%Y%m%d}")
    if not versions:
        return None
    cards = {path: _read_card(path) for path in versions}
    return load(max(versions, key=lambda path: (cards[path]["trained_day"], cards[path]["trained_at"])))


def load(folder: Path) -> Model:
    """Read what `save` wrote. Raises FatalError when it is gone or broken."""
    try:
        content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        comparisons = tuple(Comparison.model_validate(row) for row in content["comparisons"])
        frequencies = pq.read_table(folder / "frequencies.parquet").cast(FREQUENCIES)
        placeholders = tuple(content["placeholder_dates"])
        parameters, ways = content["parameters"], content["sharing"]
        return Model(parameters, ways, comparisons, placeholders, frequencies, _read_card(folder))
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise _broken(folder, error) from None


def folder_of(settings: Settings, model: Model) -> Path:
    return _root(settings) / model.version


def _read_card(folder: Path) -> dict[str, Any]:
    try:
        card: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        return card | {"version": card["version"], "trained_day": card["trained_day"], "trained_at": card["trained_at"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _broken(folder, error) from None


def _broken(folder: Path, error: Exception) -> FatalError:
    return FatalError(
        f"The model of who is whom in artifacts/identity/{folder.name} cannot be read ({type(error).__name__})."
        " Remove that folder, or train it again: fairlead train identity."
    )


def _root(settings: Settings) -> Path:
    return settings.home / "artifacts" / "identity"


def _write(path: Path, text: str) -> None:
    path.write_text(text + "\n", encoding="utf-8")
