"""A town, and a model of it, made once for all tests of linkage."""

from datetime import date
from pathlib import Path

import pytest

from bench.town import Town, town
from core.settings import Settings, load_settings
from people.linkage import LinkageSpec, Model, load_identity, train

DAY = date(2026, 3, 29)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(home=Path(tmp_path_factory.mktemp("linkage")))


@pytest.fixture(scope="session")
def spec(settings: Settings) -> LinkageSpec:
    own = load_identity(settings)
    assert own is not None
    fewer = own.training.model_copy(update={"sampled_pairs": 200_000, "min_pairs": 50})
    return own.model_copy(update={"training": fewer})


@pytest.fixture(scope="session")
def world() -> Town:
    return town(4000, seed=3)


@pytest.fixture(scope="session")
def model(world: Town, spec: LinkageSpec, settings: Settings) -> Model:
    return train(world.records, spec, DAY, settings)
