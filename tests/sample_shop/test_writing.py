"""The same arguments write the same bytes, nothing else, and nothing half."""

import socket
from datetime import date
from pathlib import Path

import pytest

import sample_shop
from sample_shop import generate

SMALL = {"people": 600, "first_day": date(2024, 9, 30), "last_day": date(2024, 10, 28)}


def contents(home: Path) -> dict[str, bytes]:
    return {str(f.relative_to(home)): f.read_bytes() for f in sorted(home.rglob("*")) if f.is_file()}


def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(small_shop, tmp_path):
    second_home, other = tmp_path / "again", tmp_path / "other"
    sample_shop.write(second_home, **SMALL)
    sample_shop.write(other, **SMALL, seed=8)
    assert contents(second_home) == contents(small_shop.home)
    same = [
        name
        for name, data in contents(other).items()
        if "events" in name and data and data == contents(second_home)[name]
    ]
    assert same == []


def test_a_longer_life_changes_no_day_that_was_written_before(small_shop, tmp_path):
    sample_shop.write(tmp_path, **{**SMALL, "last_day": date(2024, 11, 3)})
    longer = contents(tmp_path / "sample")
    for name, data in contents(small_shop.home / "sample").items():
        assert name == "shop.sqlite" or longer[name] == data, name
    assert (tmp_path / "sample/web/events-2024-11-03.jsonl.gz").exists()


def test_writing_touches_no_network(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    sample_shop.write(tmp_path, people=50, last_day=date(2024, 10, 2))


def test_only_the_two_folders_are_written(small_shop):
    assert sorted(p.name for p in small_shop.home.iterdir()) == ["sample", "sample_truth"]


def test_a_failed_run_leaves_the_earlier_shop_and_the_next_one_replaces_it(tmp_path, monkeypatch):
    sample_shop.write(tmp_path, people=50, last_day=date(2024, 10, 2))
    before = contents(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(generate.ads, "write", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sample_shop.write(tmp_path, people=60, last_day=date(2024, 10, 2))
    assert {name: data for name, data in contents(tmp_path).items() if ".partial" not in name} == before
    sample_shop.write(tmp_path, people=60, last_day=date(2024, 10, 2))
    assert contents(tmp_path) != before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["sample", "sample_truth"]


@pytest.mark.parametrize("people", [1, 2, 7])
def test_a_shop_of_hardly_anybody_is_a_shop(people, tmp_path):
    summary = sample_shop.write(tmp_path, people=people, last_day=date(2024, 10, 20))
    assert summary.rows["products"] == 192
    assert (tmp_path / "sample/crm/leads-2024-10-20.csv").exists()


@pytest.mark.parametrize(
    "wrong",
    [{"people": 0}, {"last_day": date(2020, 1, 1)}, {"url": "mysql://shop"}, {"events_per_person": -1}],
)
def test_what_makes_no_shop_is_refused_before_anything_is_written(wrong, tmp_path):
    with pytest.raises(ValueError, match=r"no shop|postgresql://"):
        sample_shop.write(tmp_path, **wrong)
    assert list(tmp_path.iterdir()) == []
