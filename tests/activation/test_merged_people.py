"""Two turn out to be one while on a channel: nobody is there or written to twice, and a no reaches both ids."""

from datetime import date

import pyarrow as pa
import pytest

from activation.delivery.route import Wish
from core.warehouse import connect

ANN, BOB = ("ann@example.com", "Ann", 1.0), ("ann.b@example.com", "Ann", 1.0)
OTHERS = {f"x{i}": (f"x{i}@example.com", "X", 1.0) for i in range(6)}
BOTH = {"a": ANN, "b": BOB, **OTHERS}
ONE = {"a": ("ann.b@example.com", "Ann", 1.0), **OTHERS}


def merge(project, *pairs):
    with connect(project.settings, writer="identity") as db:
        db.load("identity.merges", pa.table({
            "merged_person_id": [gone for gone, _ in pairs], "person_id": [kept for _, kept in pairs],
            "merged_day": [date(2026, 1, 15)] * len(pairs), "because": ["an address"] * len(pairs),
        }), mode="replace")  # fmt: skip


@pytest.mark.parametrize("mode", ["mirror", "upsert", "add_only"])
def test_the_earlier_id_leaves_the_channel_in_every_mode_and_the_survivor_stays(dummy, helpers, mode):
    dummy.write_sync("dummy", mode=mode)
    dummy.build(BOTH)
    dummy.push()
    merge(dummy, ("b", "a"))
    dummy.build(ONE)
    sent = dummy.push()["syncs"][0]
    assert sent["outcome"] == "done" and set(helpers.told(dummy)["people"]) == {"a", *OTHERS}
    reason = dummy.query("select reason from activation.changelog where record_key = 'b' and op = 'remove'")
    assert reason == [{"reason": "merged"}]
    assert dummy.push()["syncs"][0]["attempted"] == 0


def test_who_was_merged_twice_and_says_no_is_taken_out_under_each_id_even_without_a_build(dummy, helpers):
    dummy.write_sync("dummy", mode="upsert")
    dummy.build({**BOTH, "c": ("c@example.com", "C", 1.0)})
    dummy.push()
    merge(dummy, ("c", "a"), ("b", "a"))  # as resolve writes them: each to who is left
    dummy.build(ONE, withdrawn={"a", "b", "c"})  # as marts.consent_withdrawals has them: under every id
    dummy.push(wish=Wish(withdrawals_only=True))
    assert set(helpers.told(dummy)["people"]) == set(OTHERS)


@pytest.mark.parametrize("mode", ["add_only", "append"])
def test_whom_a_message_has_reached_under_an_earlier_id_is_not_written_to_again(dummy, helpers, mode):
    path = dummy.settings.root / "activation/channels/dummy.py"
    path.write_text(path.read_text().replace('About("Dummy",', 'About("Dummy", takes_back=False,'))
    dummy.write_sync("dummy", mode=mode, options="{rule: message}")
    dummy.build({"b": BOB, **OTHERS})
    dummy.push()
    merge(dummy, ("b", "a"))
    dummy.build(ONE)
    assert dummy.push()["syncs"][0]["attempted"] == 0
    assert "a" not in helpers.told(dummy)["sent"]
