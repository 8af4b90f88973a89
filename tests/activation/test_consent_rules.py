"""Consent, as dbt builds it from raw rows: who may be contacted on the day, and who has said no since."""

import shutil
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

import ml.jobs
import people.jobs
from activation import jobs
from connectors import pull
from core.build import build
from core.settings import load_settings
from core.warehouse import connect

ROOT = Path(__file__).resolve().parents[2]
D = date(2026, 1, 15)
BUILT = """path:models/staging int_people__unioned int_events__unioned int_events__distinct int_daily__web
    int_events__visitors
    int_people__matched
    int_people__versions int_people__held int_people__contact_points int_messages__by_machine messages
    int_products__unioned products events int_consents__unioned int_messages__unioned int_messages__distinct
    int_consents__said int_consents__statements int_consents__statements_any_day int_consents__stops_since
    int_consents__stopped_addresses int_consents__standing int_consents__judged contactability
    consent_withdrawals address_withdrawals
    suppressed_identifiers feed__visits audiences feed_audiences audience_sizes"""
MAIL, ANY = ("email", "marketing"), ("any", "any")
# person: what they said, in any order, as (channel, purpose, status, day of January at noon, day pulled)
SAID = {
    "silent": [],
    "granted": [(*MAIL, "granted", 2, 2)],
    "withdrew": [(*MAIL, "granted", 2, 2), (*MAIL, "withdrawn", 5, 5)],
    "came_back": [(*MAIL, "granted", 2, 2), (*MAIL, "withdrawn", 5, 5), (*MAIL, "granted", 9, 9)],
    "late_old_grant": [(*MAIL, "withdrawn", 5, 5), (*MAIL, "granted", 2, 9)],
    "at_once": [(*MAIL, "granted", 5, 5), (*MAIL, "withdrawn", 5, 5)],
    "grants_all": [(*ANY, "granted", 2, 2)],
    "all_but_sms": [(*ANY, "granted", 2, 2), ("sms", "any", "withdrawn", 3, 3)],
    "only_profiling": [("email", "profiling", "granted", 2, 2)],
    "withdraws_tomorrow": [(*MAIL, "granted", 2, 2), (*MAIL, "withdrawn", 16, 16)],
    "grants_tomorrow": [(*MAIL, "granted", 16, 16)],
    "wrong_clock": [(*MAIL, "granted", 31, 2), (*MAIL, "withdrawn", 5, 5)],
    "unsubscribed": [(*MAIL, "granted", 2, 2)],
    "granted_since": [(*MAIL, "granted", 12, 12)],
    "bounced": [(*MAIL, "granted", 2, 2)],
    "soft_bounce": [(*MAIL, "granted", 2, 2)],
    "complained": [(*ANY, "granted", 2, 2)],
    "no_address": [(*ANY, "granted", 2, 2)],
    "complains_tomorrow": [(*MAIL, "granted", 2, 2)],
    "suppressed": [(*MAIL, "granted", 2, 2)],
    "often": [(*MAIL, "granted", 2, 2)],
    "drop_no": [(*MAIL, "granted", 2, 2)],
    "drop_spam": [(*MAIL, "granted", 2, 2)],
    "drop_bounce": [(*MAIL, "granted", 2, 2)],
    "drop_invalid": [(*MAIL, "granted", 2, 2)],
    "drop_header": [(*MAIL, "granted", 2, 2)],
    "drop_content": [(*MAIL, "granted", 2, 2)],
    "drop_silent": [(*MAIL, "granted", 2, 2)],
}  # fmt: skip
# why SendGrid did not send: it knows a no or a bounce of the address, or something is wrong with the message
DROPPED = {
    "drop_no": "Unsubscribed Address", "drop_spam": "Spam Reporting Address", "drop_bounce": "Bounced Address",
    "drop_invalid": "Invalid", "drop_header": "Invalid SMTPAPI header", "drop_content": "Spam Content",
    "drop_silent": None,
}  # fmt: skip
MAILED = {
    "unsubscribed": ("unsubscribe", 6, "bounce"), "granted_since": ("unsubscribe", 6, "bounce"),
    "bounced": ("bounce", 6, "bounce"),
    "soft_bounce": ("bounce", 6, "blocked"), "complained": ("spamreport", 6, None),
    "complains_tomorrow": ("spamreport", 16, None),
} | dict.fromkeys(DROPPED, ("dropped", 6, None))  # fmt: skip
TRUTH = {
    "silent": "no_consent", "granted": "allowed", "withdrew": "withdrawn",
    "came_back": "allowed", "late_old_grant": "withdrawn",
    "at_once": "withdrawn", "grants_all": "allowed", "all_but_sms": "allowed", "only_profiling": "no_consent",
    "withdraws_tomorrow": "allowed", "grants_tomorrow": "no_consent",
    "wrong_clock": "withdrawn", "unsubscribed": "unsubscribed",
    "granted_since": "allowed", "bounced": "bounced", "soft_bounce": "allowed", "complained": "complained",
    "no_address": "no_address", "complains_tomorrow": "allowed", "suppressed": "allowed", "often": "allowed",
    "drop_no": "unsubscribed", "drop_spam": "complained", "drop_bounce": "bounced", "drop_invalid": "bounced",
    "drop_header": "allowed", "drop_content": "allowed", "drop_silent": "unsubscribed",
}  # fmt: skip

# feed__visits: event: (person, day of January); the feeds' syncs take what is at most 7 days old (9 of the one that
# contacts nobody)
VISITS = {f"{p}-visit": (p, 15) for p in SAID} | {
    "nobody": (None, 15), "without profile": ("gone", 15), "a week ago": ("granted", 8), "older": ("granted", 7),
    "withdrew long ago": ("withdrew", 1), "tomorrow": ("granted", 16), "very old": ("granted", 5),
}  # fmt: skip
FEED = """
{{% for event, person, at in {rows} %}}
select
    cast('{{{{ event }}}}' as {{{{ type_of('text') }}}}) as event_id,
    cast(nullif('{{{{ person }}}}', '') as {{{{ type_of('text') }}}}) as person_id,
    cast('{{{{ at }}}}' as {{{{ type_of('timestamp') }}}}) as occurred_at
{{{{ 'union all' if not loop.last }}}}
{{% endfor %}}
"""
FEED_TWIN = """models:
  - name: feed__visits
    columns:
      - {name: event_id, data_type: text}
      - {name: person_id, data_type: text}
      - {name: occurred_at, data_type: timestamp}
"""


def noon(day):
    return datetime(2026, 1, day, 12)


def rows_of(columns, rows):
    return pa.table({name: pa.array([r[i] for r in rows], kind) for i, (name, kind) in enumerate(columns.items())})


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A project of our models with the parents they need made by hand; dbt builds the rest."""
    base = tmp_path_factory.mktemp("consent")
    root = base / "project"
    shutil.copytree(ROOT / "dbt_project", root / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    for folder in ("connectors/sources", "models", "activation/syncs"):
        shutil.copytree(ROOT / folder, root / folder)
    for path in (root / "activation/syncs").glob("*.yml"):
        path.unlink()
    segment = root / "dbt_project/models/marts/segments/segment__everybody.sql"
    segment.parent.mkdir(exist_ok=True)
    segment.write_text("select person_id from {{ ref('profiles') }}")
    if not (segment.parent / "segment_membership.sql").exists():
        (segment.parent / "segment_membership.sql").write_text("select 1 as x")
    text = (
        "description: t\nsegment: everybody\nchannel: csv_outbox\ncontact_channel: {}\n"
        "mode: mirror\nfields: {{email: email}}\n"
    )
    (root / "activation/syncs/everybody__csv_outbox.yml").write_text(
        text.format("email") + "cap: {touches: 2, days: 7}\n"
    )
    (root / "activation/syncs/everybody__csv_outbox__calls.yml").write_text(
        text.format("none") + "basis: a list inside the house\nholdout_share: 0.5\n"
    )
    _write_feed(root)
    import hashlib

    listed = hashlib.md5(b"email:suppressed@example.com").hexdigest()
    (root / "dbt_project/seeds/suppressed_identifiers.csv").write_text(f"identifier_md5,because\n{listed},staff\n")
    settings = load_settings(root=root, home=base / "home")
    (base / "home").mkdir()
    pull.ensure(settings)
    people.jobs.ensure(settings)
    ml.jobs.ensure(settings)
    jobs.register(settings)
    _fill(settings)
    result = build(settings, D, select=BUILT)
    assert result.ok, result.failed
    return settings


def _write_feed(root):
    """In place of our feeds: one of our own, and three syncs that send it; one of them is off."""
    folder = root / "dbt_project/models/marts/feeds"
    for path in folder.glob("feed__*"):
        path.unlink()
    (root / "dbt_project/models/marts/activation/_exposures.yml").unlink()
    rows = [(event, person or "", str(noon(day))) for event, (person, day) in VISITS.items()]
    (folder / "feed__visits.sql").write_text(FEED.format(rows=rows))
    (folder / "feed__visits.yml").write_text(FEED_TWIN)
    text = (
        "description: t\nfeed: visits\nchannel: csv_outbox\ncontact_channel: {}\n"
        "mode: append\nfields: {{at: occurred_at}}\n"
    )
    syncs = {
        "": text.format("email"),
        "__free": text.format("none") + "basis: a list inside the house\nmax_age_days: 9\n",
    }
    for variant, content in (syncs | {"__off": text.format("email") + "enabled: false\n"}).items():
        (root / f"activation/syncs/visits__csv_outbox{variant}.yml").write_text(content)


def _fill(settings):
    consents = [
        (f"{p}-{i}", f"{p}@example.com", c, u, s, noon(at), date(2026, 1, day), "sample_shop")
        for p, said in SAID.items() for i, (c, u, s, at, day) in enumerate(said)
    ]  # fmt: skip
    mails = [
        (f"{p}-m", f"{p}-m", f"{p}@example.com", e, k, DROPPED.get(p), noon(at), date(2026, 1, at), "sendgrid_events")
        for p, (e, at, k) in MAILED.items()
    ]
    t, ts, d = pa.string(), pa.timestamp("us"), pa.date32()
    with connect(settings, writer="raw") as db:
        kinds = {
            "consent_id": t,
            "email__normalised": t,
            "channel": t,
            "purpose": t,
            "status": t,
            "occurred_at": ts,
            "_day": d,
            "_source": t,
        }
        db.load("raw.sample_shop__consents", rows_of(kinds, consents))
        kinds = {
            "sg_event_id": t,
            "sg_message_id": t,
            "email__normalised": t,
            "event": t,
            "type": t,
            "reason": t,
            "occurred_at": ts,
            "_day": d,
            "_source": t,
        }
        db.load("raw.sendgrid_events__events", rows_of(kinds, mails))
    with connect(settings, writer="identity") as db:
        db.load("identity.person_identifiers", rows_of(
            {"identifier": t, "person_id": t, "kind": t},
            [(f"email:{p}@example.com", p, "email") for p in SAID]))  # fmt: skip
        db.load("identity.people", rows_of({"person_id": t}, [(p,) for p in SAID]))
        merges = [("withdrew_before", "withdrew", D, "an address"), ("granted_before", "granted", D, "an address")]
        kinds = {"merged_person_id": t, "person_id": t, "merged_day": d, "because": t}
        db.load("identity.merges", rows_of(kinds, merges))
    golden = [(p, None if p == "no_address" else f"{p}@example.com", None, "Leeds", "LS1") for p in SAID]
    with connect(settings, writer="intermediate") as db:
        kinds = {"person_id": t, "email": t, "phone": t, "city": t, "postal_code": t}
        db.load("intermediate.int_people__golden", rows_of(kinds, golden), mode="create")
    with connect(settings, writer="marts") as db:
        kinds = {"segment": t, "person_id": t, "left_day": d}
        members = [("everybody", p, None) for p in SAID] + [("everybody", "gone", D)]
        db.load("marts.segment_membership", rows_of(kinds, members), mode="create")
        touches = [("often", "email", "message", date(2026, 1, n)) for n in (9, 15, 16)]
        touches += [("granted", "email", "message", date(2026, 1, n)) for n in (8, 15, 16)]
        kinds = {"person_id": t, "channel": t, "kind": t, "touched_on": d}
        db.load("marts.touches", rows_of(kinds, touches), mode="create")
        db.load("marts.profiles", rows_of({"person_id": t}, [(p,) for p in SAID]), mode="create")


def ask(settings, sql):
    with connect(settings) as db:
        return db.query(sql).to_pylist()


def test_every_person_stands_as_they_last_said(built):
    sql = "select person_id, reason from marts.contactability where channel = 'email' and purpose = 'marketing'"
    assert {r["person_id"]: r["reason"] for r in ask(built, sql)} == TRUTH


def test_a_general_grant_holds_everywhere_but_where_it_was_taken_back(built):
    sql = "select channel, purpose, reason from marts.contactability where person_id = 'all_but_sms'"
    found = {(r["channel"], r["purpose"]): r["reason"] for r in ask(built, sql)}
    assert len(found) == 10
    assert found["sms", "profiling"] == "withdrawn" and found["email", "profiling"] == "allowed"
    assert found["ads", "marketing"] == found["mail", "marketing"] == "allowed"
    assert found["push", "marketing"] == "no_address"


def test_a_complaint_stops_marketing_on_its_channel_and_nothing_else(built):
    sql = (
        "select channel, purpose, reason from marts.contactability"
        " where person_id = 'complained' and reason = 'complained'"
    )
    assert [(r["channel"], r["purpose"]) for r in ask(built, sql)] == [MAIL]


def test_withdrawals_are_seen_whatever_the_day_that_is_built(built):
    sql = (
        "select person_id, stopped_by from marts.consent_withdrawals where channel = 'email' and purpose = 'marketing'"
    )
    assert {r["person_id"]: r["stopped_by"] for r in ask(built, sql)} == {
        "withdrew": "withdrawn", "withdrew_before": "withdrawn", "late_old_grant": "withdrawn",
        "at_once": "withdrawn", "wrong_clock": "withdrawn",
        "withdraws_tomorrow": "withdrawn", "unsubscribed": "unsubscribed", "bounced": "bounced",
        "complained": "complained", "complains_tomorrow": "complained", "suppressed": "suppressed",
        "drop_no": "unsubscribed", "drop_spam": "complained", "drop_bounce": "bounced", "drop_invalid": "bounced",
        "drop_silent": "unsubscribed",
    }  # fmt: skip
    named = "select distinct person_id, channel from marts.consent_withdrawals where stopped_by = 'suppressed'"
    channels = ("email", "sms", "push", "ads", "mail", "none")
    assert {(r["person_id"], r["channel"]) for r in ask(built, named)} == {("suppressed", c) for c in channels}


def test_an_address_says_no_for_itself_by_the_same_answers_whoever_holds_it(built):
    sql = "select identifier from marts.address_withdrawals where channel = 'email' and purpose = 'marketing'"
    stopped = {p for p, reason in TRUTH.items() if reason in ("withdrawn", "unsubscribed", "bounced", "complained")}
    stopped |= {"withdraws_tomorrow", "complains_tomorrow", "suppressed"}
    assert {r["identifier"] for r in ask(built, sql)} == {f"email:{p}@example.com" for p in stopped}


def test_an_audience_gives_each_member_the_first_reason_that_holds_them_back(built):
    sql = "select person_id, included, reason from marts.audiences where sync = 'everybody__csv_outbox'"
    found = {r["person_id"]: r["reason"] for r in ask(built, sql)}
    expected = {p: "included" if r == "allowed" else r for p, r in TRUTH.items()} | {
        "suppressed": "suppressed",
        "often": "capped",
    }
    assert found == expected
    assert all(r["included"] == (r["reason"] == "included") for r in ask(built, sql))


def test_a_sync_that_contacts_nobody_asks_no_consent_but_keeps_its_holdout_and_the_suppressed(built):
    import hashlib

    sql = "select person_id, reason from marts.audiences where sync = 'everybody__csv_outbox__calls'"
    found = {r["person_id"]: r["reason"] for r in ask(built, sql)}
    held = {p for p in SAID if hashlib.md5(f"everybody__csv_outbox__calls{p}".encode()).hexdigest()[:8] < "80000000"}
    assert {p for p, r in found.items() if r == "held_out"} == held - {"suppressed"}
    assert found["suppressed"] == "suppressed"


def test_the_audience_sizes_say_what_was_built_for_which_day(built):
    sizes = ask(built, "select sync, as_of_day, members, included from marts.audience_sizes order by sync")
    assert [(s["sync"], s["as_of_day"], s["members"]) for s in sizes] == [
        ("everybody__csv_outbox", D, len(SAID)), ("everybody__csv_outbox__calls", D, len(SAID)),
        ("visits__csv_outbox", D, len(VISITS) - 1), ("visits__csv_outbox__free", D, len(VISITS) - 1),
    ]  # fmt: skip
    included = ask(built, "select sync, count(*) as n from marts.feed_audiences where included group by sync")
    assert {s["sync"]: s["included"] for s in sizes[2:]} == {r["sync"]: r["n"] for r in included}


def reasons(settings, sync):
    rows = ask(settings, f"select event_id, included, reason from marts.feed_audiences where sync = '{sync}'")
    assert all(r["included"] == (r["reason"] == "included") for r in rows)
    return {r["event_id"]: r["reason"] for r in rows}


def test_an_event_of_a_feed_has_the_first_reason_that_holds_it_back(built):
    """Of its person first, then its age; what a clock puts on a later day is not there yet."""
    expected = {f"{p}-visit": "included" if r == "allowed" else r for p, r in TRUTH.items()} | {
        "suppressed-visit": "suppressed", "nobody": "no_person",
        "without profile": "no_person", "a week ago": "included",
        "older": "too_old", "very old": "too_old", "withdrew long ago": "withdrawn",
    }  # fmt: skip
    assert reasons(built, "visits__csv_outbox") == expected


def test_a_feed_that_contacts_nobody_asks_no_consent_but_keeps_its_age_and_the_suppressed(built):
    told = {event: why for event, why in reasons(built, "visits__csv_outbox__free").items() if why != "included"}
    assert told == {
        "suppressed-visit": "suppressed", "nobody": "no_person", "without profile": "no_person", "very old": "too_old",
        "withdrew long ago": "too_old",
    }  # fmt: skip


def test_a_feeds_sync_is_no_audience_of_people_and_one_that_is_off_has_no_events(built):
    syncs = {r["sync"] for r in ask(built, "select distinct sync from marts.audiences")}
    assert syncs == {"everybody__csv_outbox", "everybody__csv_outbox__calls"}
    assert reasons(built, "visits__csv_outbox__off") == {}
