"""Nights of a company that has files of its own: what it declares there must not hide a no."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from support.shop import Shop

FIRST, SECOND = "2026-03-02", "2026-03-03"
BUILT = "+audiences +audience_sizes +feed_audiences +consent_withdrawals +address_withdrawals consents"
FILES = {
    "fairlead.toml": '[project]\nname = "acme"\ntime_zone = "Europe/Berlin"\n[sources.sample_shop]\nenabled = false\n',
    "sources/acme.yml": """
        description: A company whose columns have names that we use on the way
        defaults: {path: "{folder}/data"}
        tables:
          customers:
            kind: files
            pattern: customers.csv
            key: [number]
            columns: {number: text, email: {type: text, identifier: email}, bills: text}
          wishes:
            kind: files
            pattern: wishes.csv
            key: [wish]
            max_reject_share: 1
            columns:
              wish: text
              number: text
              email: {type: text, identifier: email}
              status: text
              said_at: timestamp
          mails:
            kind: files
            pattern: "mails-{day}.csv"
            key: [event_no]
            missing: ok
            columns:
              event_no: text
              email: {type: text, identifier: email}
              event: text
              sent_at: timestamp
              place: text
        extra:
          people:
            bills_to: {type: text, data_class: contact, meaning: Where bills go, from: bills}
          messages:
            stop: {type: text, class: ordinary, meaning: Where the bus stopped, from: place}
        """,
    "staging/_acme.yml": """
        sources:
          - name: raw
            schema: raw
            tables: [{name: acme__customers}, {name: acme__wishes}, {name: acme__mails}]
        """,
    "staging/stg_acme__people.sql": """
        select 'acme:' || number as record_id, {{ id_ref('acme', 'number') }} as person_ref,
            email__normalised as email, {{ extra_columns('acme', 'people') }} _source, _day
        from ({{ newest_version(source('raw', 'acme__customers'), ['number']) }}) as arrived
        """,
    "staging/stg_acme__messages.sql": """
        select 'acme:' || event_no as message_event_key, event_no as message_key, email__normalised as email,
            'email' as channel, event, sent_at as occurred_at, {{ extra_columns('acme', 'messages') }} _source, _day
        from ({{ newest_version(source('raw', 'acme__mails'), ['event_no']) }}) as arrived
        """,
    "segments/segment__all.sql": "select person_id, bills_to as wrote_from from {{ ref('profiles') }}",
    "feeds/feed__bills.sql": """
        select 'bill:' || person_id as event_id, person_id, cast('2026-03-02 08:00:00' as timestamp) as occurred_at,
            bills_to as email
        from {{ ref('profiles') }}
        """,
    "feeds/feed__bills.yml": """
        models:
          - name: feed__bills
            description: A bill a person, sent to where bills go. Grain event_id.
            columns:
              - {name: event_id, data_type: text}
              - {name: person_id, data_type: text}
              - {name: occurred_at, data_type: timestamp}
              - {name: email, data_type: text}
        """,
    "data/customers.csv": """
        number,email,bills
        1,ann@example.com,ann_bills@example.com
        2,bob@example.com,bob_bills@example.com
        3,cara@example.com,cara_bills@example.com
        4,dora@example.com,Dora_Bills@example.com
        """,
    "data/wishes.csv": """
        wish,number,email,status,said_at
        w1,1,,granted,2026-01-02T09:00:00Z
        w2,2,,granted,2026-01-02T09:00:00Z
        w3,3,,granted,2026-01-02T09:00:00Z
        w4,4,,granted,2026-01-02T09:00:00Z
        w5,,cara@example.com,withdrawn,yesterday
        w6,,dora_bills@example.com,withdrawn,2026-02-02T09:00:00Z
        """,
    f"data/mails-{SECOND}.csv": f"""
        event_no,email,event,sent_at,place
        e1,bob@example.com,unsubscribed,{SECOND}T09:00:00Z,Berlin
        """,
}
CONSENTS = """
select 'acme:' || wish as consent_key, {{ id_ref('acme', 'number') }} as person_ref, email__normalised as email,
    'any' as channel, 'any' as purpose, status, said_at as occurred_at, _source, _day
from (ROWS) as arrived
"""
NAMED = "{{ newest_version(source('raw', 'acme__wishes'), ['wish']) }}"
SYNC = """
description: For the tests
{kind}: {name}
channel: csv_outbox
contact_channel: email
mode: {mode}
fields: {{email: {column}}}
"""
Fairlead = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("acme")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(dedent(text).lstrip())
    (folder / "syncs").mkdir()
    for variant, column in (("golden", "email"), ("extra", "bills_to"), ("segment", "segment.wrote_from")):
        text = SYNC.format(kind="segment", name="all", mode="mirror", column=column) + "max_change_share: 1\n"
        (folder / f"syncs/all__csv_outbox__{variant}.yml").write_text(text)
    feed = SYNC.format(kind="feed", name="bills", mode="append", column="email")
    (folder / "syncs/bills__csv_outbox.yml").write_text(feed)
    return folder


@pytest.fixture(scope="module")
def shop(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Two nights; on the first the staging model of consents is written after the pull, as a newcomer does."""
    shop = Shop(tmp_path_factory.mktemp("home") / "home")
    for day in (FIRST, SECOND):
        fairlead(shop, company, "pull", "acme", "--day", day)
        (company / "staging/stg_acme__consents.sql").write_text(CONSENTS.replace("ROWS", NAMED))
        fairlead(shop, company, "resolve", "--day", day)
        fairlead(shop, company, "build", "--select", BUILT, "--day", day)
        fairlead(shop, company, "push", "--day", day)
        shop.answers[day] = {"there": there(shop)}
    return shop


def fairlead(shop: Shop, company: Path, *words: str, ok: bool = True) -> dict[str, Any]:
    return shop.fairlead(*words, ok=ok, FAIRLEAD_PROJECT__FOLDER=str(company))


def there(shop: Shop) -> dict[str, set[str]]:
    """Sync -> the addresses that are on its channel."""
    rows = shop.rows(
        "select sync, lower(payload ->> 'email') from activation.delivered"
        " where delivered_hash is not null and payload is not null"
    )
    return {sync: {address.partition("@")[0] for s, address in rows if s == sync} for sync, _ in rows}


def test_a_no_that_was_refused_before_anybody_said_what_the_table_is_stops(shop: Shop) -> None:
    assert shop.answers[FIRST]["there"]["all__csv_outbox__golden"] == {"ann", "bob", "dora"}


def test_an_extra_column_called_stop_hides_no_unsubscribe(shop: Shop) -> None:
    assert shop.answers[SECOND]["there"]["all__csv_outbox__golden"] == {"ann", "dora"}


@pytest.mark.parametrize("variant", ["extra", "segment"])
def test_nobody_is_sent_with_another_address_that_has_said_no(shop: Shop, variant: str) -> None:
    assert shop.answers[FIRST]["there"][f"all__csv_outbox__{variant}"] == {"ann_bills", "bob_bills"}


def test_no_event_is_sent_with_an_address_that_has_said_no(shop: Shop) -> None:
    rows = (shop.home / f"outbox/bills__csv_outbox/{FIRST}.csv").read_text().lower()
    assert "ann_bills@" in rows and "bob_bills@" in rows and "dora_bills@" not in rows and "cara" not in rows


def test_who_is_there_under_another_address_is_taken_out_when_it_says_no(
    shop: Shop, company: Path, tmp_path: Path
) -> None:
    later, folder = shop.copied(tmp_path / "home"), tmp_path / "acme"
    shutil.copytree(company, folder)
    with (folder / "data/wishes.csv").open("a") as file:
        file.write(f"w7,,ann_bills@example.com,withdrawn,{SECOND}T12:00:00Z\n")
    fairlead(later, folder, "pull", "acme", "--day", SECOND)
    fairlead(later, folder, "push", "--withdrawals", "--day", SECOND)
    assert there(later) == {"all__csv_outbox__golden": {"ann", "dora"}}, "bob has unsubscribed"


def test_a_sync_whose_column_is_gone_takes_out_who_has_withdrawn_and_fails(
    shop: Shop, company: Path, tmp_path: Path
) -> None:
    later, folder = shop.copied(tmp_path / "home"), tmp_path / "acme"
    shutil.copytree(company, folder)
    sync = folder / "syncs/all__csv_outbox__golden.yml"
    sync.write_text(sync.read_text().replace("fields: {", "fields: {note: no_more_there, "))
    assert "no_more_there" in sync.read_text()
    with (folder / "data/wishes.csv").open("a") as file:
        file.write(f"w7,1,,withdrawn,{SECOND}T12:00:00Z\n")
    fairlead(later, folder, "pull", "acme", "--day", SECOND)
    told = fairlead(later, folder, "push", "--withdrawals", "--day", SECOND, ok=False)
    (failed,) = [part for part in told["syncs"] if part["sync"] == "all__csv_outbox__golden"]
    assert failed["outcome"] == "failed" and "no column 'no_more_there'" in failed["error"]
    assert there(later)["all__csv_outbox__golden"] == {"dora"}, "ann has withdrawn"


def test_a_staging_model_that_hides_its_table_from_a_pull_fails_the_build(company: Path, tmp_path: Path) -> None:
    shop, folder = Shop(tmp_path / "home"), tmp_path / "acme"
    shutil.copytree(company, folder)
    (folder / "macros").mkdir()
    (folder / "macros/rows_of.sql").write_text(
        "{% macro rows_of(table, key) %}{{ newest_version(source('raw', 'acme__' ~ table), [key]) }}{% endmacro %}"
    )
    model = folder / "staging/stg_acme__consents.sql"
    model.write_text(CONSENTS.replace("ROWS", "{{ rows_of('wishes', 'wish') }}"))
    fairlead(shop, folder, "pull", "acme", "--day", FIRST)
    fairlead(shop, folder, "resolve", "--day", FIRST)
    build = ("build", "--select", "+int_consents__statements", "--day", FIRST)
    built = fairlead(shop, folder, *build, ok=False)
    assert "stg_acme__consents.sql: it reads raw.acme__wishes by way of a macro" in " ".join(built["failures"])
    model.write_text(model.read_text() + "-- {{ source('raw', 'acme__wishes') }}\n")
    fairlead(shop, folder, *build)


@pytest.mark.parametrize("gone", ["file", "folder", "table"])
def test_a_build_that_would_forget_noes_is_refused_until_they_are_named(
    shop: Shop, company: Path, tmp_path: Path, gone: str
) -> None:
    later, folder = shop.copied(tmp_path / "home"), tmp_path / "acme"
    shutil.copytree(company, folder)
    more, model = {"FAIRLEAD_PROJECT__FOLDER": str(folder)}, folder / "staging/stg_acme__messages.sql"
    names = ["staging.stg_acme__messages", "raw.acme__mails"]
    if gone == "file":
        model.unlink()
        source = folder / "sources/acme.yml"
        source.write_text(source.read_text().partition("  messages:")[0])
    elif gone == "folder":
        more, names = {}, ["staging.stg_acme__consents", *names, "raw.acme__wishes"]
    else:
        names = names[1:]
        for path in (model, folder / "staging/_acme.yml", folder / "sources/acme.yml"):
            path.write_text(path.read_text().replace("acme__mails", "acme__post").replace("  mails:", "  post:"))
    words = ("build", "--select", "stg_sample_shop__consents", "--day", SECOND)
    refused = later.fairlead(*words, ok=False, **more)["error"]
    assert set(refused.partition(": the noes in it")[0].split(", ")) == set(names)
    if gone != "folder":
        sent = later.fairlead("push", "all__csv_outbox__golden", "--day", SECOND, ok=False, **more)
        assert sent["syncs"][0]["outcome"] == "refused"
    assert "bob" not in there(later)["all__csv_outbox__golden"]
    forgotten = json.dumps([name.partition(".")[2] for name in names])
    later.fairlead(*words, **more, FAIRLEAD_PROJECT__FORGOTTEN_NOES=forgotten)
