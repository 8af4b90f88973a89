"""Who is whom is a real task: nothing tells a human by itself but what a real shop would have, and people share."""

import re
import sqlite3
from collections import Counter

import numpy as np
import pytest

from sample_shop.spelling import NO_EMAILS

MODULI = (2, 3, 4, 5, 7, 10, 180, 254)
BIRTH_YEAR = re.compile(r"(?:19|20)?\d\d")


@pytest.fixture(scope="module")
def customers(shop) -> list[dict]:
    """Every row of `customers` with its human, ordered by customer_id."""
    human = dict(shop.ask(f"""select key, human_id from {shop.truth("who_is_who")} where "table" = 'customers'"""))
    with sqlite3.connect(shop.path("shop.sqlite")) as db:
        db.row_factory = sqlite3.Row
        rows = [dict(row) for row in db.execute("select * from customers order by customer_id")]
    return [row | {"human": human[row["customer_id"]]} for row in rows]


@pytest.fixture(scope="module")
def people(shop) -> dict[int, dict]:
    names = "human_id, first_name, last_name, earlier_last_name, birth_date, household_id, tie, tied_to"
    return {
        row[0]: dict(zip(names.split(", "), row, strict=True))
        for row in shop.ask(f"select {names} from {shop.truth('humans')}")
    }


def digits(text: str | None) -> str:
    return "".join(re.findall(r"\d", text or ""))


# what a record holds beside names, birth dates, whole addresses and whole numbers: none of it may tell a human
LEAKS = {
    "digits of the e-mail": lambda r: digits((r["email"] or "").split("@")[0]),
    "last digits of the phone": lambda r: digits(r["phone"])[-4:],
    "second of signing up": lambda r: r["created_at"][11:],
    "second of the last change": lambda r: r["updated_at"][11:].replace("04:00:00", ""),  # when points are credited
    "card": lambda r: digits(r["loyalty_card"])[-5:],
    "customer_id": lambda r: digits(r["customer_id"])[-3:],
}


@pytest.mark.parametrize("name", LEAKS)
def test_two_records_of_one_human_do_not_agree_where_strangers_do_not(name: str, customers) -> None:
    """Without their e-mail, phone and birth year, which real people's records have in common too."""
    value, by_human = LEAKS[name], {}
    for row in customers:
        by_human.setdefault(row["human"], []).append(row)
    pairs = [rows[:2] for rows in by_human.values() if len(rows) > 1]
    pairs = [(a, b) for a, b in pairs if digits(a["phone"])[-7:] != digits(b["phone"])[-7:]]
    assert len(pairs) > 20
    told = [value(a) != "" and value(a) == value(b) and not BIRTH_YEAR.fullmatch(value(a)) for a, b in pairs]
    assert np.mean(told) < 0.06, [(a, b) for (a, b), yes in zip(pairs, told, strict=True) if yes][:3]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a birth date that is missing", lambda r: r["birth_date"] is None),
        ("a gender that is missing", lambda r: r["gender"] is None),
        ("house number", lambda r: int(digits(r["street"].split(" ", 2)[0]) or 0) % 7),
        ("postal code", lambda r: int(digits(r["postal_code"]) or 0) % 7),
        ("second of signing up", lambda r: int(r["created_at"][17:]) % 7),
        ("digits of the e-mail", lambda r: int(digits((r["email"] or "").split("@")[0]) or 0) % 7),
        ("phone", lambda r: int(digits(r["phone"]) or 0) % 7),
        ("card", lambda r: int(digits(r["loyalty_card"]) or 0) % 7),
    ],
)
def test_no_value_follows_from_the_number_of_the_human(name: str, value, customers) -> None:
    """Within each remainder of the human's number the values are as mixed as they are in all."""
    values = np.unique([int(value(row)) for row in customers], return_inverse=True)[1]
    for modulus in MODULI:
        remainder = np.array([row["human"] % modulus for row in customers])
        table = np.zeros((modulus, values.max() + 1))
        np.add.at(table, (remainder, values), 1)
        expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
        chi = ((table - expected) ** 2 / np.maximum(expected, 1e-9)).sum()
        freedom = (modulus - 1) * values.max()
        assert chi < freedom + 5 * np.sqrt(2 * freedom) + 5, (name, modulus)


def test_the_order_of_leads_and_customers_is_the_order_in_which_they_came(shop, customers) -> None:
    created = [row["created_at"][:10] for row in customers]
    assert created == sorted(created)
    numbers = shop.ask(f"""select corr(substr(key, 2)::int, human_id) from {shop.truth("who_is_who")}
        where "table" = 'leads'""")[0][0]
    assert abs(numbers) < 0.15


def test_each_address_that_two_humans_have_is_told_with_the_reason(shop) -> None:
    told = f"select distinct kind, value from {shop.truth('shared')}"
    typed = f"select distinct lower(trim(value)) as value from {shop.truth('identifiers')} where kind = 'email'"
    unexplained = shop.ask(f"""select i.kind, i.value from {shop.truth("identifiers")} i
        where (i.kind, i.value) not in (select kind, value from ({told}))
        group by all having count(distinct human_id) > 1""")
    total = shop.ask(f"select count(*) from ({typed})")[0][0]
    assert len(unexplained) < 0.002 * total, unexplained  # a letter lost, and it is somebody else's


@pytest.mark.parametrize(
    ("kind", "why", "at_least"),
    [
        ("email", "family", 40), ("email", "role", 3), ("email", "taken_over", 3), ("email", "placeholder", 3),
        ("phone", "family", 30), ("phone", "switchboard", 15), ("phone", "recycled", 15), ("phone", "placeholder", 1),
    ],
)  # fmt: skip
def test_addresses_and_numbers_are_shared_and_passed_on(shop, kind: str, why: str, at_least: int) -> None:
    values = shop.ask(f"""select count(*) from (select value from {shop.truth("shared")}
        where kind = '{kind}' and why = '{why}' group by 1 having count(distinct human_id) > 1)""")[0][0]
    assert values >= at_least


def test_nobody_is_one_of_a_kind_by_name_alone(people) -> None:
    """Few names are everywhere and most are rare; some are of other scripts, some of two words."""
    last = Counter(p["last_name"] for p in people.values())
    assert len(last) > 600
    assert 0.006 < last.most_common(1)[0][1] / len(people) < 0.03
    full = Counter((p["first_name"], p["last_name"]) for p in people.values())
    assert sum(n for n in full.values() if n > 1) > 0.02 * len(people)
    assert sum(not p["last_name"].isascii() for p in people.values()) > 30
    assert any(re.search(r"[Ѐ-ӿͰ-Ͽ؀-ۿ]", p["first_name"]) for p in people.values())


def test_twins_share_a_birthday_and_a_son_his_fathers_name(people) -> None:
    tied = [(p, people[p["tied_to"]]) for p in people.values() if p["tied_to"] is not None]
    twins = [(a, b) for a, b in tied if a["tie"] == "twin"]
    sons = [(a, b) for a, b in tied if a["tie"] == "namesake"]
    assert len(twins) > 8 and len(sons) > 5
    assert all(a["birth_date"] == b["birth_date"] and a["household_id"] == b["household_id"] for a, b in twins)
    assert all(a["first_name"] == b["first_name"] and (a["birth_date"] - b["birth_date"]).days > 7000 for a, b in sons)


def test_records_hold_short_names_errors_earlier_names_and_wrong_dates(customers, people) -> None:
    def holds(test) -> int:
        return sum(bool(test(row, people[row["human"]])) for row in customers)

    assert holds(lambda r, p: (r["last_name"] or "").lower() == (p["earlier_last_name"] or "-").lower()) > 5
    assert holds(lambda r, p: r["first_name"] and r["first_name"][:3].lower() != p["first_name"][:3].lower()) > 10
    assert holds(lambda r, p: r["birth_date"] and r["birth_date"] != str(p["birth_date"])) > 15
    assert holds(lambda r, p: r["birth_date"] in ("1900-01-01", "1970-01-01", "2000-01-01")) > 5
    assert holds(lambda r, p: r["last_name"] is None) > 0  # a company fills in its name


def test_clerks_enter_addresses_that_are_nobodys(shop) -> None:
    lines = b"".join(f.read_bytes() for f in shop.path("till").glob("till-2025-*.csv")).decode("windows-1252")
    assert all(lines.count(f";{email};") > 2 for email in NO_EMAILS.to_pylist())


def test_a_stop_at_a_shared_address_stops_all_who_are_reached_there(shop) -> None:
    """Of each address, whoever joined before its last stop is not allowed afterwards."""
    log = f"read_json('{shop.home}/sample/consents/*.jsonl', format='newline_delimited', ignore_errors=true)"
    wrong = shop.ask(f"""with stops as (select email, max(occurred_at::timestamp) as at from {log}
            where status = 'withdrawn' and channel = 'email' and email is not null group by 1)
        select s.email, h.human_id from stops s
        join {shop.truth("consent_standing")} c on c.email = s.email and c.channel = 'email' and c.allowed
        join {shop.truth("humans")} h on h.human_id = c.human_id and h.joined_on < s.at::date""")
    assert wrong == []
    shared = shop.ask(f"""select count(*) from (select email from {shop.truth("consent_standing")}
        where channel = 'email' group by 1 having count(*) > 1 and bool_or(allowed))""")[0][0]
    assert shared > 20
