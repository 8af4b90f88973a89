"""Whoever says no in a night whose build fails is taken out all the same, on both engines."""

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from support.shop import Shop

ROOT = Path(__file__).resolve().parents[1]
FIRST, SECOND = "2026-03-26", "2026-03-27"
SOURCE = {
    "description": "Customers, what they said, and their mail",
    "tables": {
        "customers": {
            "kind": "files",
            "pattern": "customers.csv",
            "key": ["no"],
            "columns": {"no": {"type": "text", "required": True}, "email": {"type": "text", "identifier": "email"}},
        },
        "sayings": {
            "kind": "files",
            "pattern": "sayings.csv",
            "key": ["no"],
            "columns": {
                "no": {"type": "text", "required": True},
                "customer": "text",
                "status": "text",
                "said_at": "timestamp",
                "note": "text",
            },
        },
        "mail": {
            "kind": "files",
            "pattern": "mail-{day}.jsonl",
            "missing": "ok",
            "key": ["no"],
            "columns": {
                "no": {"type": "text", "required": True},
                "email": {"type": "text", "identifier": "email"},
                "event": "text",
                "sent_at": {"type": "timestamp", "from": "at"},
            },
        },
    },
}
STAGING = {
    "people": """
        with customers as ({{ newest_version(source('raw', 'w__customers'), ['no']) }})
        select
            {{ native_key('w', 'no') }} as record_id,
            {{ id_ref('w', 'no') }} as person_ref,
            email__normalised as email,
            _source,
            _day
        from customers""",
    "consents": """
        with sayings as ({{ newest_version(source('raw', 'w__sayings'), ['no']) }})
        select
            {{ native_key('w', 'no') }} as consent_key,
            {{ id_ref('w', 'customer') }} as person_ref,
            'any' as channel,
            'any' as purpose,
            status,
            coalesce(said_at, cast(_day as timestamp)) as occurred_at,
            _source,
            _day
        from sayings""",
    "messages": """
        with mail as ({{ newest_version(source('raw', 'w__mail'), ['no']) }})
        select
            {{ native_key('w', 'no') }} as message_event_key,
            {{ native_key('w', 'no') }} as message_key,
            {{ email_ref('email__normalised') }} as person_ref,
            email__normalised as email,
            'email' as channel,
            event,
            sent_at as occurred_at,
            _source,
            _day
        from mail""",
}
TWICE = "\nunion all\nselect 'w:f', 'id:w:f', 'f@example.com', 'w', cast('2026-03-26' as date)"
BUILT = "+audiences +audience_sizes +consent_withdrawals +address_withdrawals"
MODES = ("mirror", "add_only")


@dataclass
class Small:
    """A shop of six people who have all said yes, are on two lists, and of whom some say no in the second night."""

    shop: Shop
    files: Path
    url: str = ""
    sayings: dict[str, dict[str, str]] = field(default_factory=dict)

    def fairlead(self, *words: str, day: str, ok: bool = True) -> dict[str, Any]:
        there = {"FAIRLEAD_WAREHOUSE__ENGINE": "postgres", "FAIRLEAD_WAREHOUSE__URL": self.url} if self.url else {}
        return self.shop.fairlead(*words, "--day", day, ok=ok, **there)

    def customers(self, *names: str) -> None:
        with (self.files / "customers.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("no", "email"), *((n, f"{n}@example.com") for n in names)])

    def say(self, key: str, **words: str) -> None:
        self.sayings[key] = {"no": key, "customer": key[-1], **self.sayings.get(key, {}), **words}
        columns = list(SOURCE["tables"]["sayings"]["columns"])  # type: ignore[index]
        with (self.files / "sayings.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(self.sayings.values())

    def mail(self, day: str, name: str, event: str) -> None:
        row = {"no": f"m-{name}", "email": f"{name}@example.com", "event": event, "at": f"{day}T11:00:00Z"}
        (self.files / f"mail-{day}.jsonl").write_text(json.dumps(row) + "\n")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        if not self.url:
            return self.shop.rows(sql)
        connection = psycopg2.connect(self.url)
        with connection.cursor() as cursor:
            cursor.execute(sql)
            found = cursor.fetchall()
        connection.close()
        return found

    def there(self) -> dict[str, str]:
        """By mode of its list: whose addresses the channel has."""
        rows = self.rows("select sync, payload from activation.delivered where delivered_hash is not null")
        emails = {m: [json.loads(p)["email"][0] for s, p in rows if s.endswith(m)] for m in MODES}
        return {mode: "".join(sorted(names)) for mode, names in emails.items()}


def project(root: Path, files: Path) -> Path:
    """Our project with this source alone, everybody as its segment, and two lists."""
    skipped = shutil.ignore_patterns("target", "logs", "segment__*", "feed__*", "stg_*")
    shutil.copytree(ROOT / "dbt_project", root / "dbt_project", ignore=skipped)
    (root / "dbt_project/models/marts/activation/_exposures.yml").unlink()
    for name in ("connectors/sources", "activation/syncs", "models"):
        (root / name).mkdir(parents=True)
    shutil.copytree(ROOT / "activation/channels", root / "activation/channels")
    (root / "connectors/sources/w.yml").write_text(yaml.safe_dump({**SOURCE, "defaults": {"path": str(files)}}))
    staging = root / "dbt_project/models/staging/w"
    staging.mkdir(parents=True)
    for entity, sql in STAGING.items():
        (staging / f"stg_w__{entity}.sql").write_text(sql)
    raw = {"sources": [{"name": "raw", "schema": "raw", "tables": [{"name": f"w__{t}"} for t in SOURCE["tables"]]}]}  # type: ignore[attr-defined]
    (staging / "_w.yml").write_text(yaml.safe_dump(raw))
    segment = root / "dbt_project/models/marts/segments/segment__everybody.sql"
    segment.write_text("select person_id from {{ ref('profiles') }}")
    for mode in MODES:
        (root / f"activation/syncs/everybody__csv_outbox__{mode}.yml").write_text(
            "description: For the tests\nsegment: everybody\nchannel: csv_outbox\ncontact_channel: email\n"
            f"mode: {mode}\nfields: {{email: email}}\nmax_change_share: 1\n"
        )
    return root


@pytest.fixture(scope="module", params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def first_night(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Small:
    base = tmp_path_factory.mktemp("failed")
    url = request.getfixturevalue("postgres") if request.param == "postgres" else ""
    files = base / "files"
    files.mkdir()
    small = Small(Shop(base / "home", project(base / "project", files)), files, url)
    small.customers(*"abcdef")
    for name in "abcdef":
        small.say(f"yes-{name}", status="granted", said_at="2026-03-20T10:00:00Z")
    for words in (["pull"], ["resolve"], ["build", "--select", BUILT], ["push"]):
        small.fairlead(*words, day=FIRST)
    assert small.there() == dict.fromkeys(MODES, "abcdef")
    return small


@pytest.fixture
def people_twice(first_night: Small) -> Iterator[None]:
    """A fault of the data that fails the build of everything that knows people."""
    path = first_night.shop.project / "dbt_project/models/staging/w/stg_w__people.sql"
    sql = path.read_text()
    path.write_text(sql + TWICE)
    yield
    path.write_text(sql)


def test_who_says_no_in_a_night_whose_build_fails_is_taken_out(first_night: Small, people_twice: None) -> None:
    """By their number, and by the address; on every list, also on those that keep whoever leaves the audience."""
    small = first_night
    small.say("no-b", status="withdrawn", said_at=f"{SECOND}T10:00:00Z")
    small.mail(SECOND, "d", "unsubscribed")
    small.fairlead("pull", day=SECOND)
    small.fairlead("resolve", day=SECOND)
    built = small.fairlead("build", "--select", BUILT, day=SECOND, ok=False)
    assert [f.split(":")[0] for f in built["failures"]] == ["unique_int_people__unioned_record_id"]
    assert small.rows("select count(*) from intermediate.int_consents__statements where said <> 'granted'") != [(0,)]
    assert small.fairlead("push", "--withdrawals", day=SECOND)["ok"]
    assert small.there() == dict.fromkeys(MODES, "acef")
