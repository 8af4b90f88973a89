"""Who has left the segment stays in some modes; but not without consent, suppressed, or known to nobody."""

import pyarrow as pa
import pytest

from activation.delivery.route import Wish
from core.warehouse import connect

PEOPLE = {p: (f"{p}@example.com", p.upper(), 1.0) for p in "abcdefgh"}
LEFT = {p: PEOPLE[p] for p in "defgh"}


@pytest.fixture
def left(dummy):
    """By mode: eight were delivered, and a, b and c have left the segment."""

    def make(mode):
        dummy.write_sync("dummy", mode=mode)
        dummy.build(PEOPLE)
        assert dummy.push()["syncs"][0]["accepted"] == 8
        dummy.build(LEFT)
        return dummy

    return make


def there(project, helpers):
    return set(helpers.told(project)["people"])


@pytest.mark.parametrize("mode", ["add_only", "upsert"])
def test_who_has_left_the_segment_goes_when_consent_has_gone_too_and_stays_otherwise(left, helpers, mode):
    project = left(mode)
    project.consent(project.known - {"b"}, silent={"a"})  # of b no record is left
    sent = project.push()["syncs"][0]
    assert (sent["outcome"], sent["accepted"]) == ("done", 2) and there(project, helpers) == set("cdefgh")
    reasons = project.query(
        "select record_key, reason from activation.changelog where op = 'remove' order by record_key"
    )
    assert [(r["record_key"], r["reason"]) for r in reasons] == [("a", "no_consent"), ("b", "no_person")]
    assert project.push()["syncs"][0]["attempted"] == 0


def test_where_nobody_is_known_any_more_nobody_is_taken_out(left, helpers):
    """That is a pull or a build gone wrong, and no will of anybody's."""
    project = left("add_only")
    project.build({})
    project.consent(set())
    sent = project.push()["syncs"][0]
    assert sent["outcome"] == "refused" and "FL201" in sent["error"] and there(project, helpers) == set("abcdefgh")


@pytest.mark.parametrize("wish", [Wish(), Wish(withdrawals_only=True)], ids=["a push", "withdrawals"])
def test_a_sync_that_contacts_nobody_takes_out_the_suppressed_and_asks_nothing_else(dummy, helpers, wish):
    name = dummy.write_sync("dummy", mode="add_only")
    path = dummy.settings.root / f"activation/syncs/{name}.yml"
    path.write_text(
        path.read_text().replace("contact_channel: email", "contact_channel: none\nbasis: inside the house")
    )
    dummy.build(PEOPLE)
    assert dummy.push()["syncs"][0]["accepted"] == 8
    dummy.build(LEFT)
    dummy.consent(set(), silent=set("abc"))
    stops = {"person_id": ["a", "b"], "channel": ["none", "email"], "purpose": ["marketing"] * 2}
    with connect(dummy.settings, writer="marts") as db:
        db.load("marts.consent_withdrawals", pa.table(stops), mode="replace")
    assert dummy.push(wish=wish)["syncs"][0]["accepted"] == 1 and there(dummy, helpers) == set("bcdefgh")
