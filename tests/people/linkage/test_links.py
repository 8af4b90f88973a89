"""Linkage against a town whose humans are known: what it joins, what it explains, and that a night is the whole run."""

import json
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from bench.town.measures import clusters, exact_edges, scores
from core.errors import ConfigError
from people.linkage import LINKS, compare, find_links, lines, newest, train, update_links
from people.linkage.model import save

DAY = date(2026, 3, 29)


@pytest.fixture(scope="module")
def links(world, spec, model, settings):
    return find_links(world.records, spec, model, settings=settings)


def places(records: pa.Table, links: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    ids = records["record_id"].combine_chunks()
    return tuple(pc.index_in(links[side], value_set=ids).to_numpy() for side in ("record_a", "record_b"))


def test_what_is_joined_is_one_human_and_no_cluster_glues_a_family(world, spec, links):
    left, right = places(world.records, links)
    joins = links["probability"].to_numpy() >= spec.thresholds.join
    found = scores(world.human, clusters(world.records.num_rows, left[joins], right[joins]))
    assert found["pairs"]["precision"] > 0.97 and found["pairs"]["recall"] > 0.3
    assert found["largest_humans"] <= 4
    email = world.records["email"].combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy()
    exact = scores(world.human, clusters(world.records.num_rows, *exact_edges([email], 50)))
    assert exact["pairs"]["precision"] < found["pairs"]["precision"]


def test_of_pairs_with_a_probability_at_least_that_share_is_one_human(world, links):
    left, right = places(world.records, links)
    probability, is_true = links["probability"].to_numpy(), world.human[left] == world.human[right]
    for low, high in ((0.5, 0.8), (0.8, 0.95), (0.95, 1.01)):
        at = (probability >= low) & (probability < high)
        assert is_true[at].mean() > probability[at].mean() - 0.05


def test_links_are_pairs_in_order_at_or_above_the_review_threshold_with_weights_that_add_up(model, spec, links):
    assert links.schema == LINKS and links.num_rows > 500
    assert all(pc.less(links["record_a"], links["record_b"]).to_pylist())
    assert pc.min(links["probability"]).as_py() >= spec.thresholds.review
    prior = model.parameters["probability_two_random_records_match"]
    for row in links.slice(0, 200).to_pylist():
        parts = json.loads(row["comparison"])
        assert set(parts) - {"shared"} == {part.name for part in model.comparisons}
        total = np.log2(prior / (1 - prior)) + sum(part["weight"] for part in parts.values())
        assert total == pytest.approx(row["match_weight"], abs=0.1) or row["match_weight"] > 40


def test_the_order_of_the_records_changes_nothing(world, spec, model, settings, links):
    shuffled = world.records.take(pa.array(np.random.default_rng(1).permutation(world.records.num_rows)))
    assert find_links(shuffled, spec, model, settings=settings).equals(links)


def test_a_night_of_new_changed_and_gone_records_gives_the_links_of_the_whole_run(world, spec, model, settings, links):
    frame = world.records
    yesterday = frame.slice(200)
    moved = pc.if_else(pc.less(pa.array(np.arange(yesterday.num_rows)), 60), "Elsewhere", yesterday["last_name"])
    place = frame.schema.get_field_index("last_name")
    crowd = frame.slice(0, 1).take(pa.array([0] * 45))
    crowd = crowd.set_column(0, "record_id", pa.array([f"x{n}" for n in range(45)]))
    yesterday = pa.concat_tables([yesterday.set_column(place, "last_name", moved), crowd])
    before = find_links(yesterday, spec, model, settings=settings)
    assert not before.equals(links)
    assert update_links(yesterday, before, frame, spec, model, settings).equals(links)
    assert update_links(frame, links, frame, spec, model, settings).equals(links)


def test_the_same_seed_gives_the_same_model_and_a_saved_one_the_same_links(world, spec, model, settings, links):
    again = train(world.records, spec, DAY, settings)
    assert again.version == model.version and again.parameters == model.parameters
    folder = save(model, settings)
    assert {path.name for path in folder.iterdir()} == {
        "model.json", "card.json", "frequencies.parquet", "match_weights.html", "m_u_parameters.html",
        "parameter_estimates.html",
    }  # fmt: skip
    assert "cdn.jsdelivr" not in (folder / "match_weights.html").read_text().split("<body")[0]
    loaded = newest(settings, DAY)
    assert loaded is not None and newest(settings, DAY.replace(year=2025)) is None
    assert find_links(world.records, spec, loaded, settings=settings).equals(links)


def test_what_a_source_is_not_believed_is_as_if_it_were_missing(world, spec, model, settings):
    doubted = spec.model_validate(spec.model_dump() | {"sources": {"shop": {"unreliable": ["birth_date", "email"]}}})
    links = find_links(world.records, doubted, model, settings=settings)
    source = dict(zip(world.records["record_id"].to_pylist(), world.records["source"].to_pylist(), strict=True))
    of_shop = [row for row in links.to_pylist() if "shop" in (source[row["record_a"]], source[row["record_b"]])]
    assert of_shop
    assert all(json.loads(row["comparison"])["birth_date"]["level"] == "missing" for row in of_shop)


def test_pairs_scored_in_several_parts_give_the_same_links(world, spec, model, settings, links, monkeypatch):
    monkeypatch.setattr("people.linkage.links.CHUNK", 9000)
    assert find_links(world.records, spec, model, settings=settings).equals(links)


def test_two_records_are_explained_part_by_part_whether_they_are_linked_or_not(world, spec, model, settings, links):
    link = links.slice(7, 1).to_pylist()[0]
    found = compare(world.records, link["record_a"], link["record_b"], spec, model, settings)
    assert found["match_weight"] == pytest.approx(link["match_weight"]) and found["compared_by"]
    assert {part["part"]: part["level"] for part in found["parts"]} == {
        name: part["level"] for name, part in json.loads(link["comparison"]).items()
    }
    apart = compare(world.records, "r0", "r1", spec, model, settings)
    assert apart["verdict"] == "apart" and not apart["compared_by"]
    assert lines(apart)[-1] == "compared by no rule: no night compares them"
    with pytest.raises(ConfigError, match="No record 'nobody'"):
        compare(world.records, "r0", "nobody", spec, model, settings)
