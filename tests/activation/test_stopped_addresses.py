"""A channel may know somebody by an earlier address: when that address says no it goes, in every mode."""

import json

import pytest

from activation.delivery.route import Wish
from core.warehouse import connect

NAME = "loyal__dummy"
OTHERS = {f"x{i}": (f"x{i}@example.com", "X", 1.0) for i in range(6)}
BEFORE, AFTER = {"h": ("h@example.com", "H", 1.0), **OTHERS}, {"h": ("h_new@example.com", "H", 1.0), **OTHERS}


@pytest.fixture
def moved(dummy):
    """By mode: h was delivered under an address, has another by now, and then the first says no."""

    def make(mode):
        dummy.write_sync("dummy", mode=mode)
        dummy.build(BEFORE)
        assert dummy.push()["syncs"][0]["accepted"] == 7
        dummy.build(AFTER)
        dummy.stop_addresses("email:h@example.com")
        return dummy

    return make


def address(project, helpers):
    return helpers.told(project)["people"].get("h", {}).get("email")


@pytest.mark.parametrize("mode", ["add_only", "upsert"])
def test_who_is_there_under_a_stopped_address_and_wanted_no_more_is_taken_out(moved, helpers, mode):
    project = moved(mode)
    project.build(OTHERS, profiles={"h": AFTER["h"]})
    sent = project.push()["syncs"][0]
    assert (sent["outcome"], sent["accepted"]) == ("done", 1) and address(project, helpers) is None
    reason = project.query("select reason from activation.changelog where record_key = 'h' and op = 'remove'")
    assert reason == [{"reason": "withdrawn"}]
    assert project.push()["syncs"][0]["attempted"] == 0


def test_a_mode_that_changes_nobody_takes_out_the_address_and_then_sends_the_new_one_as_a_newcomers(moved, helpers):
    project = moved("add_only")
    seen = [(project.push()["syncs"][0]["attempted"], address(project, helpers)) for _ in range(3)]
    assert seen == [(1, None), (1, "h_new@example.com"), (0, "h_new@example.com")]


@pytest.mark.parametrize("mode", ["mirror", "upsert"])
def test_an_update_that_puts_another_address_in_its_place_is_enough(moved, helpers, mode):
    project = moved(mode)
    assert project.plan()["syncs"][0]["updates"] == 1
    assert project.push()["syncs"][0]["accepted"] == 1 and address(project, helpers) == "h_new@example.com"


def test_an_update_that_was_refused_has_left_the_address_there_and_so_it_is_taken_out(moved, helpers):
    project = moved("mirror")
    helpers.script(project, "refuse")
    assert project.push()["syncs"][0]["rejected"] == 1 and address(project, helpers) == "h@example.com"
    project.push()
    assert address(project, helpers) is None
    project.push()
    assert address(project, helpers) == "h_new@example.com"


def test_a_push_of_withdrawals_alone_takes_it_out_whatever_the_mode(moved, helpers):
    project = moved("mirror")
    assert project.push(wish=Wish(withdrawals_only=True))["syncs"][0]["accepted"] == 1
    assert address(project, helpers) is None


def test_a_sync_whose_file_is_gone_counts_it_and_takes_it_out(moved, helpers):
    project = moved("add_only")
    (project.settings.root / f"activation/syncs/{NAME}.yml").unlink()
    project.write_sync("csv_outbox")
    project.build(AFTER)
    assert [(o["people"], o["withdrawn"]) for o in project.plan()["orphans"]] == [(7, 1)]
    assert {p["sync"]: p["accepted"] for p in project.push()["syncs"]}[NAME] == 1
    assert address(project, helpers) is None


def test_who_may_be_there_under_several_addresses_loses_each_that_has_said_no(moved, helpers):
    project = moved("add_only")
    with connect(project.settings, writer="activation") as db:
        for place, email in enumerate(("h@example.com", "h_2@example.com"), start=1):
            values = json.dumps({"email": email, "first_name": "H"})
            db.execute(
                "insert into activation.addresses_in_doubt values ($1, 'h', $2, $3, $4)",
                [NAME, place, json.dumps({"email": email}), values],
            )
    project.stop_addresses("email:h_2@example.com", "email:2@example.com")
    planned = project.plan()["syncs"][0]
    assert planned["removes"] == 1
    project.stop_addresses("email:2@example.com")
    assert project.plan()["syncs"][0]["removes"] == 0, "the end of an address is another address"


def test_a_field_may_have_any_name(dummy, helpers):
    dummy.write_sync("dummy", mode="add_only")
    path = dummy.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(path.read_text().replace("{email: email", '{"$e/m~a\'il": email'))
    dummy.build(BEFORE)
    dummy.push()
    dummy.build(OTHERS, profiles={"h": AFTER["h"]})
    dummy.stop_addresses("email:h@example.com")
    assert dummy.push()["syncs"][0]["accepted"] == 1 and set(helpers.told(dummy)["people"]) == set(OTHERS)
