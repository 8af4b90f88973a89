"""A trained model on disk: LightGBM's text beside a JSON card. No pickle, no half-written folder."""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import lightgbm

from core.errors import FatalError
from ml.calibrate import Calibrator
from ml.spec import ModelSpec


@dataclass(frozen=True)
class Model:
    """What scoring needs, and the card that says where it comes from."""

    version: str
    columns: list[str]
    booster: lightgbm.Booster
    calibrator: Calibrator
    spec: ModelSpec
    card: dict[str, Any]


def new_model(
    spec: ModelSpec,
    day: date,
    columns: list[str],
    booster: lightgbm.Booster,
    calibrator: Calibrator,
    card: dict[str, Any],
) -> Model:
    """Name the version after the day and the content: the same data on the same day is the same version."""
    content = json.dumps([asdict(calibrator), columns, spec.model_dump(mode="json")], sort_keys=True)
    digest = hashlib.sha256((booster.model_to_string() + content).encode()).hexdigest()
    version = f"{day:%Y%m%d}-{digest[:8]}"
    full = {
        "model": spec.name,
        "version": version,
        "trained_day": day.isoformat(),
        "columns": columns,
        "calibrator": asdict(calibrator),
        "spec": spec.model_dump(mode="json"),
        "lightgbm": lightgbm.__version__,
        **card,
    }
    return Model(version, columns, booster, calibrator, spec, full)


def save(model: Model, folder: Path) -> None:
    """Write <folder>/{model.txt, card.json}: into a folder beside it, then renamed, so that it is whole or not
    there.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        (beside / "model.txt").write_text(model.booster.model_to_string(), encoding="utf-8")
        (beside / "card.json").write_text(json.dumps(model.card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(beside, folder)  # noqa: PTH105 (Path.replace says nothing more)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def load(folder: Path) -> Model:
    """Read what `save` wrote. Raises FatalError when it is gone or broken."""
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        booster = lightgbm.Booster(model_str=(folder / "model.txt").read_text(encoding="utf-8"))
        fitted = card["calibrator"]
        calibrator = Calibrator(fitted["method"], fitted["task"], tuple(fitted["x"]), tuple(fitted["y"]))
        spec = ModelSpec.model_validate(card["spec"])
    except (OSError, ValueError, KeyError, lightgbm.basic.LightGBMError) as error:
        raise FatalError(
            f"The model in {folder.parent.name}/{folder.name} cannot be read ({type(error).__name__})."
            f" Train it again: fairlead train {folder.parent.name}."
        ) from None
    return Model(card["version"], card["columns"], booster, calibrator, spec, card)
