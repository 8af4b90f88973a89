"""Who is whom, against truth: exact keys beside linkage, on a town of another seed than the one thresholds were chosen
on, and on the sample shop, and on two public sets where they lie beside the repository.

The bound is Splink's documented model on febrl4 and fake_1000.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.people import identifiers_of
from bench.town import Town, shop, town
from bench.town.measures import clusters, exact_edges, scores
from bench.town.sets import data_folder, fake_1000, febrl4
from core.settings import Settings, load_settings
from people import graph, limits
from people.evidence import Evidence
from people.linkage import LinkageSpec, find_links, load_identity, train
from people.resolve import resolve
from people.schemas import History, Rules
from people.traits import read_traits

DAY = date(2026, 3, 29)
RECORDS, CHOSEN_ON, REPORTED_ON = 100_000, 1, 2
SHOP_PEOPLE, SHOP_REPORTED_ON = 5000, (8, 9)  # seed 7 is the one that everybody looks at
SPLINK = {"febrl4": 0.999, "fake_1000": 0.938}  # pairwise F1 of its documented models
SMALLEST_SHOP = 600  # one broken line in a day of fewer is above its table's max_reject_share
SMALL = 0.1  # a smoke test, for which the public sets are too large
SETS: dict[str, Callable[[Path], Town]] = {"febrl4": febrl4, "fake_1000": fake_1000}
KEYS, MOST = ("strong_id", "email", "phone"), 50  # what resolve joins exactly, and its cap


def run(scale: float = 1.0) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-linkage-") as folder:
        settings = load_settings(home=Path(folder))
        spec = load_identity(settings)
        if spec is None:
            raise FileNotFoundError("people/identity.yml")
        if scale < SMALL:
            fewer = spec.training.model_copy(update={"sampled_pairs": 50_000, "min_pairs": 50})
            spec = spec.model_copy(update={"training": fewer})
        figures: dict[str, Any] = {"town": measure(town(max(int(RECORDS * scale), 3000), REPORTED_ON), spec, settings)}
        for name, read in SETS.items():
            place = data_folder(name)
            if place is None or scale < SMALL:
                figures[name] = {"skipped": f"scale below {SMALL}" if place else f"no ../shared/data/{name}"}
                continue
            figures[name] = measure(read(place), spec, settings)
            figures[name]["ratio_to_splink"] = round(figures[name]["with_review"]["pairs"]["f1"] / SPLINK[name], 3)
    figures["sample_shop"] = _shops(scale)
    return figures | {"ratio": round(figures["town"]["linkage"]["pairs"]["f1"] / _exact_f1(figures["town"]), 3)}


def _shops(scale: float) -> dict[str, Any]:
    """Of each seed that nothing was chosen on; a smoke test has too few records to train a model."""
    size, figures = max(int(SHOP_PEOPLE * min(scale, 1)), SMALLEST_SHOP), {}
    for seed in SHOP_REPORTED_ON if scale >= SMALL else SHOP_REPORTED_ON[:1]:
        with tempfile.TemporaryDirectory(prefix="bench-shop-") as folder:
            figures[f"seed_{seed}"] = shop.measure(Path(folder), size, seed, has_model=scale >= SMALL)
    return figures


def measure(world: Town, spec: LinkageSpec, settings: Settings) -> dict[str, Any]:
    """A partition by exact keys, one by the links at or above `join` and ids that are equal, and one as if the steward
    had said yes to all that is to be reviewed.
    """
    size = world.records.num_rows
    started = time.monotonic()
    model = train(world.records, spec, DAY, settings)
    trained = time.monotonic()
    links = find_links(world.records, spec, model, settings=settings)
    linked = time.monotonic()
    codes = {key: _codes(world.records, key) for key in KEYS}
    exact = clusters(size, *exact_edges(list(codes.values()), MOST))
    left, right, probability = _places(world.records, links)
    joins = probability >= spec.thresholds.join
    ids = exact_edges([codes["strong_id"]], MOST)

    def people(at: np.ndarray) -> np.ndarray:
        return clusters(size, np.concatenate([ids[0], left[at]]), np.concatenate([ids[1], right[at]]))

    return {
        "records": size, "humans": len(np.unique(world.human)), "links": len(links),
        "to_review": int((~joins).sum()), "train_seconds": round(trained - started, 1),
        "link_seconds": round(linked - trained, 1), "exact_keys": scores(world.human, exact),
        "linkage": scores(world.human, people(joins)),
        "with_review": scores(world.human, people(probability >= spec.thresholds.review)),
        "resolve": scores(world.human, _resolved(world, links, spec.thresholds.join)),
        "calibration": _calibration(world, left, right, probability),
    }  # fmt: skip


def _resolved(world: Town, links: pa.Table, join_from: float) -> np.ndarray:
    """What `resolve` makes of it: ids, contacts that names and dates allow, links, learned limits."""
    records = world.records
    born = records["birth_date"].combine_chunks()
    if born.type == pa.string():
        born = pc.strptime(born, format="%Y-%m-%d", unit="s", error_is_null=True).cast("date32")
    traits = records.select(["record_id", "first_name", "last_name"]).append_column("birth_date", born)
    if "first_seen_day" not in records.column_names:
        records = records.append_column("first_seen_day", pa.repeat(DAY, records.num_rows))
    identifiers = identifiers_of(records)
    read = graph.read(identifiers, (DAY - date(1970, 1, 1)).days)
    learned = {k: v.most_humans for k, v in limits.learn(read, read_traits(traits, read.records)).items()}
    evidence = Evidence(traits, links, join_from=join_from)
    found = resolve(identifiers, History(), DAY, Rules(learned=learned), evidence).record_people
    at = pc.index_in(records["record_id"].combine_chunks(), value_set=found["record_id"].combine_chunks())
    persons = found["person_id"].combine_chunks().dictionary_encode().indices
    alone = pa.array(np.arange(records.num_rows) + records.num_rows)
    return pc.coalesce(persons.take(at).cast("int64"), alone).to_numpy()


def _calibration(world: Town, left: np.ndarray, right: np.ndarray, probability: np.ndarray) -> dict[str, str]:
    """Of the pairs of each range of probability, how many are one human."""
    is_true = world.human[left] == world.human[right]
    bounds = [0.5, 0.7, 0.9, 0.95, 0.99, 0.999, 1.01]
    ranges = [(low, high, (probability >= low) & (probability < high)) for low, high in pairwise(bounds)]
    return {f"{low}": f"{is_true[at].mean():.3f} of {at.sum()}" for low, _, at in ranges if at.any()}


def _places(records: pa.Table, links: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ids = records["record_id"].combine_chunks()
    left, right = (pc.index_in(links[side], value_set=ids).to_numpy() for side in ("record_a", "record_b"))
    return left, right, links["probability"].to_numpy()


def _codes(records: pa.Table, column: str) -> np.ndarray:
    if column not in records.column_names:
        return np.full(records.num_rows, -1)
    encoded = records[column].combine_chunks().dictionary_encode()
    return encoded.indices.fill_null(-1).to_numpy()


def _exact_f1(figures: dict[str, Any]) -> float:
    return float(max(figures["exact_keys"]["pairs"]["f1"], 1e-9))
