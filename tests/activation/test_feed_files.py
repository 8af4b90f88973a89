"""The files of a feed's sync: their mistakes, their template, and where they stand in dbt's graph and the lineage."""

import json

import pytest
from support.feeds import Feed, Visit

from activation import exposures, jobs
from activation.planning import compare
from activation.scaffold import new_sync
from activation.sync import Sync, load_syncs
from core.errors import ConfigError
from core.settings import load_settings
from core.warehouse import connect

FILE = "activation/syncs/visits__csv_outbox.yml"


@pytest.fixture
def feed(project):
    made = Feed(project)
    made.write_sync("csv_outbox", options="{}")
    return made


def mistakes(feed, *changes, more=""):
    path = feed.project.settings.root / FILE
    text = path.read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text + more)
    with pytest.raises(ConfigError) as refused:
        load_syncs(feed.project.settings)
    return refused.value.mistakes


@pytest.mark.parametrize(
    ("changes", "more", "said"),
    [
        ([], "segment: loyal\n", "2: feed: FL417 segment and feed are both there. Take one of them out"),
        ([("feed: visits\n", "")], "", "1: feed: FL417 neither segment nor feed is there"),
        ([("feed: visits\n", "segment: loyal\n")], "max_age_days: 3\n",
         "8: max_age_days: FL417 only a feed has max_age_days"),
        ([("mode: append", "mode: mirror")], "", "5: mode: FL417 a feed goes in mode append, not mirror"),
        ([], "holdout_share: 0.1\n", "8: holdout_share: FL417 a feed has no holdout_share"),
        ([], "cap: {touches: 1, days: 1}\n", "8: cap: FL417 a feed has no cap"),
        ([], "on_exit: keep\n", "8: on_exit: FL417 a feed has no on_exit"),
        ([], "max_change_share: 0.9\n", "8: max_change_share: FL417 a feed has no max_change_share"),
        ([], "retired: true\n", "8: retired: FL417 a feed has no retired"),
        ([], "max_age_days: 0\n", "8: max_age_days: Input should be greater than or equal to 1"),
        ([], "max_age_days: 401\n", "8: max_age_days: Input should be less than or equal to 400"),
        ([("feed: visits", "feed: calls")], "", "2: feed: no feed 'calls'. Feeds: visits. Add feed__calls.sql."),
        ([("value: value", "event_id: event_id")], "",
         "6: fields: Value error, field 'event_id' is a name of Fairlead's own"),
        ([("channel: csv_outbox", "channel: tiktok")], "", "5: mode: FL402 TikTok cannot append."),
        ([("channel: csv_outbox", "channel: webhook")], "", "2: feed: the file must be called visits__webhook.yml"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_feeds_file_is_said_with_its_line_and_its_mend(feed, changes, more, said):
    found = mistakes(feed, *changes, more=more)
    assert any(line.startswith(f"{FILE}:{said}") for line in found), found


def test_what_decides_which_events_go_changes_the_hash():
    one = {
        "name": "n",
        "description": "d",
        "channel": "c",
        "contact_channel": "email",
        "mode": "append",
        "fields": {"e": "e"},
    }
    base = Sync(**one, feed="visits").audience_hash
    others = [
        Sync(**one, feed="calls"), Sync(**one, feed="visits", max_age_days=8), Sync(**one, segment="visits"),
        Sync(**one | {"contact_channel": "ads"}, feed="visits"), Sync(**one | {"purpose": "profiling"}, feed="visits"),
    ]  # fmt: skip
    assert base not in {s.audience_hash for s in others}
    assert Sync(**one | {"fields": {"x": "y"}}, feed="visits").audience_hash == base


def test_the_feed_and_its_age_are_registered_for_dbt(feed):
    feed.project.write_sync("csv_outbox")
    jobs.register(feed.project.settings)
    rows = feed.project.query("select sync, segment, feed, max_age_days from activation.syncs order by sync")
    assert [tuple(r.values()) for r in rows] == [
        ("loyal__csv_outbox", "loyal", None, None), ("visits__csv_outbox", None, "visits", 7),
    ]  # fmt: skip


def test_a_new_sync_of_a_feed_maps_what_channel_and_feed_both_have(feed):
    root = feed.project.settings.root
    (root / exposures.FILE).parent.mkdir(parents=True, exist_ok=True)
    (root / FILE).unlink()
    columns = ["event_id", "person_id", "occurred_at", "email", "value", "weather"]
    twin = {"models": [{"name": "feed__visits", "columns": [{"name": c} for c in columns]}]}
    (root / "dbt_project/models/marts/feeds/feed__visits.yml").write_text(json.dumps(twin))
    new_sync(feed.project.settings, "visits__meta", {"object": "conversions", "pixel_id": "1"})
    new_sync(feed.project.settings, "visits__csv_outbox")
    made = load_syncs(feed.project.settings)
    assert set(made["visits__meta"].fields) == {"email", "occurred_at", "value"}
    assert set(made["visits__csv_outbox"].fields) == {"email", "occurred_at", "value"}
    assert all(s.feed == "visits" and s.mode == "append" and s.paused for s in made.values())
    with pytest.raises(ConfigError, match="TikTok takes no events"):
        new_sync(feed.project.settings, "visits__tiktok")
    with pytest.raises(ConfigError, match=r"No segment or feed 'calls'. Segments: loyal. Feeds: visits."):
        new_sync(feed.project.settings, "calls__csv_outbox")


def test_dbts_graph_and_the_lineage_say_where_the_events_come_from(feed):
    text = exposures.render(feed.project.settings)
    assert "- ref('feed_audiences')\n      - ref('feed__visits')\n" in text and "ref('profiles')" not in text
    feed.build({"e1": Visit("ann")})
    jobs.report(feed.project.settings, feed.project.push())
    event = json.loads((feed.project.settings.home / "lineage/2026-01-15.jsonl").read_text())
    assert [i["name"] for i in event["inputs"]] == [
        "marts.feed_audiences",
        "marts.feed__visits",
        "marts.consent_withdrawals",
    ]


def test_two_versions_are_compared_event_by_event_and_only_of_syncs_that_each_has(feed, tmp_path):
    """A copy of the warehouse holds what the newer files built: a sync the older ones lack has nothing before."""
    feed.project.write_sync("csv_outbox")
    homes = []
    for name, visits in (("before", ["e1", "e2"]), ("after", ["e2", "e3"])):
        feed.project.settings = load_settings(root=feed.project.settings.root, home=tmp_path / name)
        feed.project.build({"ann": ("ann@example.com", "Ann", 1.0)})
        feed.build({event: Visit("ann") for event in visits} | {"e9": Visit("ann", reason="too_old")})
        homes.append(feed.project.settings)
    both = {"sync": "visits__csv_outbox", "before": 2, "after": 2, "adds": 1, "removes": 1}
    assert compare._differences(*homes, "audiences") == [both]
    with connect(homes[0], writer="activation") as db:
        db.execute("delete from activation.syncs where feed is not null")
    assert compare._differences(*homes, "audiences") == [both | {"before": 0, "adds": 2, "removes": 0}]
    with connect(homes[0], writer="marts") as db:
        db.execute("drop table marts.feed_audiences")
    assert compare._differences(*homes, "audiences") == [both | {"before": 0, "adds": 2, "removes": 0}]
