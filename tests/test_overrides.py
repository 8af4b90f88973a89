"""A steward's word on a field, from the command line to the channel: it wins, and it weakens no consent."""

import csv
import json
from typing import Any

import duckdb
import pytest
from support.aggregates import differences

DAY, SYNC = "2026-03-28", "champions__csv_outbox"
REASON = ("--reason", "one phone call")
NO = "said-no@override.example"


def included(shop: Any) -> list[str]:
    return [
        r[0] for r in shop.rows(f"select person_id from marts.audiences where sync = '{SYNC}' and included order by 1")
    ]


@pytest.fixture(scope="module")
def corrected(shop_after) -> dict[str, Any]:
    """After the first night: one of the audience has another e-mail, a second one that of somebody who said no."""
    shop = shop_after("night 1")
    one, other = included(shop)[:2]
    with duckdb.connect(str(shop.home / "warehouse.duckdb")) as db:  # a no at an address that no record has
        db.execute(f"""
            insert into raw.sample_shop__consents
            select * replace ('no-1' as consent_id, '{NO}' as email, '{NO}' as email__normalised, null as phone,
                null as phone__normalised, 'withdrawn' as status, 'email' as channel, 'marketing' as purpose,
                'no-1' as _row_key, occurred_at as occurred_at)
            from raw.sample_shop__consents limit 1""")
    words = {
        "email": shop.fairlead("review", "--set", one, "email= New@Override.example ", *REASON),
        "name": shop.fairlead("review", "--set", one, "first_name=Ånn  Marie", *REASON, "--by", "steward"),
        "no": shop.fairlead("review", "--set", other, f"email={NO}", *REASON),
    }
    shop.fairlead("resolve", "--day", DAY)
    shop.fairlead("build", "--day", DAY)
    push = shop.fairlead("push", SYNC, "--day", DAY)
    return {"shop": shop, "one": one, "other": other, "words": words, "push": push}


def test_a_word_is_kept_with_who_said_it_and_why(corrected) -> None:
    email, name = corrected["words"]["email"], corrected["words"]["name"]
    assert (email["value"], email["verdict"], email["reason"]) == ("new@override.example", "set", "one phone call")
    assert (name["value"], name["decided_by"]) == ("Ånn Marie", "steward")


def test_it_is_the_profiles_value_and_why_says_so(corrected) -> None:
    why = corrected["shop"].fairlead("why", corrected["one"])
    assert (why["profile"]["email"], why["profile"]["first_name"]) == ("new@override.example", "Ånn Marie")
    provenance = {row["field"]: row for row in why["provenance"]}
    assert (provenance["email"]["rule"], provenance["email"]["source"]) == ("override", "steward")
    assert provenance["country"]["source"] == "sample_shop" and provenance["country"]["record_id"]
    assert provenance["email"]["value"] == "new@override.example"


def test_the_channel_gets_the_new_address_as_an_update(corrected) -> None:
    shop, one = corrected["shop"], corrected["one"]
    ops = shop.rows(f"select op, status from activation.delivered where sync = '{SYNC}' and record_key = '{one}'")
    assert ops == [("update", "delivered")]
    written = [row for path in (shop.home / "outbox").rglob("*.csv") for row in csv.DictReader(path.open())]
    assert [row for row in written if row.get("email") == "new@override.example"]


def test_an_address_that_said_no_is_still_stopped(corrected) -> None:
    shop, other = corrected["shop"], corrected["other"]
    allowed = shop.rows(
        "select allowed, reason from marts.contactability"
        f" where person_id = '{other}' and channel = 'email' and purpose = 'marketing'"
    )
    assert allowed == [(False, "withdrawn")]
    assert other not in included(shop) and corrected["one"] in included(shop)


def test_who_undoes_it_lets_the_records_decide_again(corrected) -> None:
    shop, one = corrected["shop"], corrected["one"]
    answer = shop.fairlead("review", "--unset", one, "first_name", *REASON)
    assert answer["verdict"] == "undone"
    listed = shop.fairlead("review")["overrides"]
    assert [(row["field"], row["verdict"]) for row in listed[:1]] == [("first_name", "undone")]
    shop.fairlead("resolve", "--day", DAY)
    shop.fairlead("build", "--day", DAY, "--select", "+int_people__golden")
    names = shop.rows(f"select first_name, email from intermediate.int_people__golden where person_id = '{one}'")
    assert names[0][0] != "Ånn Marie" and names[0][1] == "new@override.example"


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        (("--set", "{one}", "email=no address"), "no email that can be"),
        (("--set", "{one}", "birth_date=31.12.1980"), "Write it as 1984-05-17"),
        (("--set", "{one}", "shoe_size=9"), "Fields: email"),
        (("--set", "{one}", "first_name"), "Write first_name=VALUE"),
        (("--set", "nobody", "first_name=Ann"), "Nobody answers"),
        (("--unset", "{one}", "city"), "Nobody has set city"),
    ],
)
def test_a_word_that_cannot_be_is_refused_with_the_mend(corrected, words, mend) -> None:
    words = [word.format(one=corrected["one"]) for word in words]
    answer = corrected["shop"].fairlead("review", *words, *REASON, ok=False)
    assert mend in json.dumps(answer)


def test_an_address_of_somebody_else_is_refused(corrected) -> None:
    shop, one = corrected["shop"], corrected["one"]
    theirs = shop.rows(f"select email from marts.profiles where person_id <> '{one}' and email is not null"
                       " and lifecycle = 'customer' order by email limit 1")[0][0]  # fmt: skip
    answer = shop.fairlead("review", "--set", one, f"email={theirs}", *REASON, ok=False)
    assert "--same" in json.dumps(answer)


def test_of_a_past_day_too_profiles_hold_what_features_hold(corrected) -> None:
    shop, past = corrected["shop"], "2026-03-14"
    shop.fairlead("build", "--day", past, "--select", "+int_people__profiled +features__person")
    assert differences(shop, past, "intermediate.int_people__profiled")[0] == {}
