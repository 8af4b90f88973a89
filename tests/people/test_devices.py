"""A device joins at identification, with all that it did before; one of several users, or by declaration, never."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml

from cli.data import resolve_people
from connectors.pull import pull
from core.settings import load_settings
from core.warehouse import connect

ROOT, DAY = Path(__file__).resolve().parents[2], date(2026, 3, 1)
SOURCE = """
description: a web shop's events
defaults: {path: "{home}/in"}
tables:
  events:
    kind: files
    pattern: events.jsonl
    key: [key]
    columns: {key: text, device: text, member: text, happened: timestamp}
"""
EVENTS = """select 'web:' || key as event_key, {{ id_ref('shop', 'member') }} as person_ref,
    {{ device_ref('device') }} as device_ref, happened as occurred_at, 'page_viewed' as event, 'web' as platform,
    _source, _day
from {{ source('raw', 'web__events') }} where _day <= {{ day() }}"""
SEEN = [("phone", None), ("phone", "ann"), ("phone", None), ("kiosk", "ann"), ("kiosk", "bob"), ("kiosk", None),
        ("stranger", None)]  # fmt: skip


@pytest.mark.parametrize(("rule", "joined"), [("one_user", {"device:phone"}), ("never", set())])
def test_a_device_is_whose_alone_has_signed_in_on_it(tmp_path: Path, rule: str, joined: set[str]):
    ours = shutil.ignore_patterns("sample_shop", "online_retail", "segment_events", "sendgrid_events", "target", "logs")
    shutil.copytree(ROOT / "dbt_project", tmp_path / "dbt_project", ignore=ours)
    staging = tmp_path / "dbt_project/models/staging/web"
    for folder in (tmp_path / "connectors/sources", staging, tmp_path / "home/in"):
        folder.mkdir(parents=True)
    (tmp_path / "connectors/sources/web.yml").write_text(SOURCE)
    (staging / "stg_web__events.sql").write_text(EVENTS + "\n")
    raw = [{"name": "raw", "schema": "raw", "tables": [{"name": "web__events"}]}]
    (staging / "_web.yml").write_text(yaml.safe_dump({"sources": raw}))
    rows = [json.dumps({"key": str(n), "device": d, "member": m, "happened": f"2026-02-0{n + 1}T10:00:00"})
            for n, (d, m) in enumerate(SEEN)]  # fmt: skip
    (tmp_path / "home/in/events.jsonl").write_text("\n".join(rows) + "\n")
    settings = load_settings(root=tmp_path, home=tmp_path / "home", identity={"devices": rule})
    pull(settings, DAY)
    result = resolve_people(settings, DAY)
    assert result["ok"] and result["people"] == 2, "Ann and Bob, who share a kiosk, are two"
    with connect(settings) as db:
        rows = db.query("select identifier, person_id from identity.person_identifiers").to_pylist()
    whose = {row["identifier"]: row["person_id"] for row in rows}
    assert {i for i in whose if i.startswith("device:")} == joined
    assert all(whose[device] == whose["id:shop:ann"] for device in joined)
