"""febrl4, two files of people without an address of any kind, as a person would go: look, pull, train, resolve."""

import re
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from bench.town.measures import scores
from bench.town.sets import data_folder
from cli.data import resolve_people
from connectors.pull import pull
from connectors.understand.scaffold import new_source
from core.settings import load_settings
from core.warehouse import connect
from people.linkage import jobs

ROOT, DAY = Path(__file__).resolve().parents[2], date(2026, 3, 29)
FEBRL = data_folder("febrl4")


@pytest.mark.skipif(FEBRL is None, reason="../shared/data/febrl4 is not part of the project")
def test_febrl4_is_understood_pulled_and_resolved_as_its_truth_says(tmp_path: Path):
    ours = shutil.ignore_patterns("sample_shop", "online_retail", "segment_events", "sendgrid_events", "target", "logs")
    shutil.copytree(ROOT / "dbt_project", tmp_path / "dbt_project", ignore=ours)
    (tmp_path / "dbt_project/models/staging").mkdir(exist_ok=True)
    shutil.copytree(ROOT / "people", tmp_path / "people")
    settings = load_settings(root=tmp_path, home=tmp_path / "home")
    new_source(settings, "febrl", str(FEBRL))
    pull(settings, DAY, ["febrl"])
    exact = resolve_people(settings, DAY)
    assert exact["ok"] and exact["records"] == 10_000 and exact["people"] < 6_000, "the social number joins"
    jobs.train(settings, DAY)
    resolve_people(settings, DAY)
    with connect(settings) as db:
        rows = db.query("select record_id, person_id from identity.record_people").to_pylist()
    human = [re.search(r"rec-(\d+)", row["record_id"])[1] for row in rows]
    truth, found = (np.unique(values, return_inverse=True)[1] for values in (human, [r["person_id"] for r in rows]))
    assert len(rows) == 10_000 and scores(truth, found)["pairs"]["f1"] >= 0.995
