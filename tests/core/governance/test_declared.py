"""Every column of every mart says what it holds, whose it is, what for and how long: of our own files."""

from dataclasses import replace

import pytest

from core.governance.declared import read_marts
from core.governance.faults import find_faults
from core.settings import load_settings

FEATURES = "dbt_project/models/marts/features"


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return load_settings(home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def marts(settings):
    return read_marts(settings)


def test_every_mart_of_ours_says_what_each_column_is(settings, marts):
    models = {path.stem for path in (settings.root / "dbt_project/models/marts").rglob("*.sql")}
    assert models == set(marts), "each model has its YAML, and each YAML its model"
    assert find_faults(marts, {}) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"data_class": ""}, "profiles.email has no data_class"),
        ({"data_class": "secret"}, "profiles.email: no data class 'secret'. Write one of identifier, contact"),
    ],
)
def test_a_column_without_its_class_is_a_fault(marts, change, fault):
    columns = {**marts["profiles"].columns, "email": replace(marts["profiles"].columns["email"], **change)}
    (found,) = find_faults({**marts, "profiles": replace(marts["profiles"], columns=columns)}, {})
    assert fault in found and found.startswith("dbt_project/models/intermediate/people/_profiled.yml:")


def test_a_column_that_no_file_describes_is_a_fault(marts):
    (found,) = find_faults(marts, {"orders": [*marts["orders"].columns, "seller"]})
    assert "orders.seller is not described. Add {name: seller, config: {meta: {data_class: …}}}" in found
    (found,) = find_faults(marts, {"leftovers": ["a"]})
    assert found.startswith("marts.leftovers: no YAML describes it")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"owner": ""}, "orders has no owner"),
        ({"retention_by": ""}, "counted from what? Write retention_by"),
        ({"retention_by": "sold_on"}, "orders has no column sold_on"),
    ],
)
def test_a_mart_without_owner_or_retention_is_a_fault(marts, change, fault):
    (found,) = find_faults({"orders": replace(marts["orders"], **change)}, {})
    assert fault in found and found.startswith("dbt_project/models/marts/customers/_buying.yml:")


def test_a_company_s_segment_has_the_retention_of_its_kind(tmp_path):
    folder = tmp_path / "shop"
    (folder / "segments").mkdir(parents=True)
    (folder / "segments/segment__ours.yml").write_text(
        "models:\n  - name: segment__ours\n    config: {meta: {owner: us, purpose: marketing}}\n"
        "    columns:\n      - {name: person_id, config: {meta: {data_class: identifier}}}\n      - name: mood\n"
    )
    settings = load_settings(home=tmp_path / "home", project={"folder": str(folder)})
    mart = read_marts(settings)["segment__ours"]
    assert (mart.retention.text, mart.columns["person_id"].owner) == ("rebuilt", "us")
    (found,) = find_faults({"segment__ours": mart}, {})
    assert found.startswith("shop/segments/segment__ours.yml:6: segment__ours.mood has no data_class")
