"""Random small worlds of customers who say yes and no, what must hold in each, and the files a shop would have of them.

A world shares no identifier with another, so one night builds hundreds of them. The truth is kept here as it was said,
in the order in which it was said, with no line of Fairlead's; what the files say of it may lack a time, or have a wrong
one.
"""

import csv
import json
import random
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from pathlib import Path

RECORDS_PER_ADDRESS = (
    3  # identity.max_records_per_identifier of these nights: four customers share an address that joins nobody
)
FIRST = date(2026, 3, 2)
NO = ("withdrawn", "WITHDRAWN", " withdrawn", "unsubscribed", "opt_out", "no", "")
WIDE = ("e-mail", "all", "", "any", " Any", "newsletter")  # words that stop every channel, or every purpose
UNREADABLE = ("yesterday", "02/03/2026 09:00", "2026-02-30T10:00:00Z")
NAMES = ("Ann", "Bob", "Zoe", "Kim", "Udo", "Olga", "Vic")
# a steward's word that a customer's e-mail is another, or none of theirs any more (None): whose record it goes with, or
# None where it is refused
Steward = Callable[[str, str | None], str | None]
UNUSABLE = ("", "1970-01-01T00:00:00Z", "2099-01-01T00:00:00Z")


@dataclass
class Customer:
    number: str
    email: str
    phone: str
    changed: datetime
    alive: bool = True
    name: str = ""
    set_email: str = ""  # by a steward, in place of what the record says
    former_identifiers: set[str] = field(default_factory=set)  # every identifier that a night has found in the record

    def identifiers(self) -> set[str]:
        return {f"email:{self.email}", f"email:{self.set_email}", f"phone:{self.phone}"} - {"email:", "phone:"}


@dataclass(frozen=True)
class Statement:
    """`said` counts up: whoever spoke later has the higher number."""

    clock: int
    grants: bool
    identifiers: frozenset[str]
    channels: frozenset[str]
    known_from: date  # the night whose files have it
    former: frozenset[str] = frozenset()  # numbers of customers who had given the address up, and nobody had taken it


CHANNELS = frozenset({"email", "ads", "sms"})


class World:
    """One small world."""

    def __init__(self, number: int, seed: int) -> None:
        self.name, self.day = f"w{number}", FIRST
        self.random = random.Random(f"{seed}:{number}")
        # of two worlds in five the customers have names, some from a later night on: those at one address are told
        # apart then
        self.christening = random.Random(f"names {seed}:{number}")
        self.has_names = self.christening.random() < 0.4
        self.correcting = random.Random(f"words {seed}:{number}")
        self.customers: list[Customer] = []
        self.statements: list[Statement] = []
        self.preferences: dict[str, dict[str, str]] = {}
        self.news: dict[str, str] = {}
        self.events: dict[date, list[dict[str, str]]] = {}
        self.clock, self.morning, self.addresses, self.lines = 0, 0, 0, number * 1000
        self.log: list[str] = []

    def live(self, night: int, steward: Steward | None = None) -> None:
        """One day: customers first, then a steward's word, then a few things that happen."""
        self.day, self.morning = FIRST + timedelta(days=night), self.clock
        self.rows_of_today: dict[str, Statement] = {}  # by the row of a file that holds it, which may be overwritten
        before = self._meanings()
        if not night:
            self._open()
        elif steward and self.correcting.random() < 0.5:
            self._correct(steward)
        for _ in range(self.random.randint(1, 4)):
            happening = self.random.choice(
                (self._state, self._state, self._mail, self._news, self._move, self._share, self._leave)
            )
            happening()
        self._christen()
        now = self._meanings()
        for row, statement in self.rows_of_today.items():
            if before.get(row) == now[row]:
                self._unsay(statement)  # the file says what it said last night: nobody can read it there
        for customer in self.customers:
            if customer.alive:
                self._remember(customer)

    def _meanings(self) -> dict[str, object]:
        """What each row of the files says, by its key; a time that cannot be read is none."""
        meanings: dict[str, object] = dict(self.news)
        for number, row in self.preferences.items():
            channel, purpose = (row[name].strip().lower() for name in ("channel", "purpose"))
            meanings[number] = (
                row["status"] == "granted", channel if channel in CHANNELS else "any",
                purpose if purpose == "marketing" else "any", "" if row["said_at"] in UNREADABLE else row["said_at"],
            )  # fmt: skip
        return meanings

    def _unsay(self, statement: Statement) -> None:
        self.statements.remove(statement)
        self.log.append(f"{statement.clock} cannot be read in any night's files")

    def _now(self) -> datetime:
        self.clock += 1
        return datetime(self.day.year, self.day.month, self.day.day, 6) + timedelta(
            minutes=7 * (self.clock - self.morning)
        )

    def _open(self) -> None:
        shared = self.random.random() < 0.4
        for i in range(self.random.randint(1, 5)):
            email = f"{self.name}-office@example.com" if shared and self.random.random() < 0.9 else self._address()
            customer = Customer(f"{self.name}-{i}", email, self._phone(), self._now())
            self.customers.append(customer)
            if self.random.random() < 0.8:
                self._write(customer, True, by={"customer_no": customer.number})

    def _christen(self) -> None:
        for place, customer in enumerate(self.customers):
            if self.has_names and customer.alive and not customer.name and self.christening.random() < 0.5:
                customer.name, customer.changed = NAMES[place % len(NAMES)], self._now()
                self.log.append(f"{self.clock} {self.day}: {customer.number} is called {customer.name}")

    def _correct(self, steward: Steward) -> None:
        """A steward sets somebody's address: a fresh one, or one that was somebody's; or takes the word back."""
        alive = [c for c in self.customers if c.alive]
        if alive:
            known = sorted(i for c in self.customers for i in c.former_identifiers if i.startswith("email:"))
            new = self.correcting.choice((f"{self.name}-s{self.day.day}@example.com", "", "", *known[:2]))
            asked = self.correcting.choice([c for c in alive if c.set_email] or alive)
            whose = steward(asked.number, new.removeprefix("email:") or None)
            for customer in self.customers if whose else ():
                if customer.number == whose or (not new and customer.set_email):
                    customer.set_email = new.removeprefix("email:")
            self.log.append(f"{self.clock} {self.day}: a steward sets {asked.number} ({whose}) to {new or 'nothing'}")

    def _address(self) -> str:
        self.addresses += 1
        return f"{self.name}-a{self.addresses}@example.com"

    def _phone(self) -> str:
        self.lines += 1
        return f"+447{400000000 + self.lines}" if self.random.random() < 0.5 else ""

    def _remember(self, customer: Customer) -> None:
        customer.former_identifiers |= customer.identifiers() | {f"id:worlds_customer:{customer.number}"}

    def _alive(self) -> Customer | None:
        alive = [c for c in self.customers if c.alive]
        return self.random.choice(alive) if alive else None

    # ---- what may happen ----

    def _state(self) -> None:
        """Somebody says yes or no in the shop, by one or several of their identifiers; or a row is overwritten."""
        customer = self._alive()
        if customer:
            by = {"customer_no": customer.number, "email": customer.email, "phone": customer.phone}
            identifiers = {k: v for k, v in by.items() if v and self.random.random() < 0.5} or {"email": customer.email}
            if self.random.random() < 0.2:
                identifiers = {
                    "email": f"{self.name}-unknown{self.clock}@example.com",
                    **({"phone": customer.phone} if customer.phone else {}),
                }
            self._write(customer, self.random.random() < 0.4, identifiers)

    def _write(self, customer: Customer, grants: bool, by: dict[str, str]) -> None:
        at = self._now()
        number = f"{customer.number}-{'-'.join(sorted(by))}"  # the same row again when it is said again in the same way
        if self.random.random() < 0.3:
            number += f"-{self.clock}"
        row = {"pref_no": number, "customer_no": "", "email": "", "phone": "", **by}
        if row["pref_no"] in self.preferences and {k: self.preferences[number][k] for k in by} != by:
            row["pref_no"] = number = f"{number}-{self.clock}"  # another address than before: another row
        if grants:
            row |= {"channel": self.random.choice(("email", "any", "ads")), "purpose": "marketing", "status": "granted"}
            row["said_at"] = self.random.choice((f"{at.isoformat()}Z", f"{at.isoformat()}Z", *UNUSABLE[::2]))
        else:
            row |= {
                "channel": self.random.choice(("email", "email", "ads", "sms", *WIDE)),
                "purpose": self.random.choice(("marketing", "marketing", *WIDE)), "status": self.random.choice(NO),
            }  # fmt: skip
            row["said_at"] = self.random.choice((f"{at.isoformat()}Z", f"{at.isoformat()}Z", *UNUSABLE, *UNREADABLE))
        self.preferences[number] = row
        channel = row["channel"].strip().lower()
        self._say_in_row(number, grants, self._qualified(by), {channel} if channel in CHANNELS else CHANNELS)

    def _mail(self) -> None:
        """An unsubscribe link is clicked in a mail that went to somebody's present or former address; told today or
        tomorrow.
        """
        customer = self._alive()
        if customer:
            addresses = {i for i in customer.former_identifiers if i.startswith("email:")} | {f"email:{customer.email}"}
            address = self.random.choice(sorted(addresses))
            at, late = self._now(), self.random.random() < 0.2
            number = f"{self.name}-e{self.clock}"
            known_from = self.day + timedelta(days=1) if late else self.day
            user = self.random.choice(("", customer.number, f"{self.name}-nobody"))
            self.events.setdefault(known_from, []).append(
                {"event_no": number, "email": address.removeprefix("email:"), "user_no": user, "event": "unsubscribed",
                 "at": f"{at.isoformat()}Z"})  # fmt: skip
            self._say(
                False,
                {address, *([f"id:worlds_customer:{user}"] if user else [])},
                {"email"},
                known_from,
                self._former(address),
            )

    def _news(self) -> None:
        """A newsletter's list, overwritten each night, without any time."""
        customer = self._alive()
        if customer:
            self._now()
            grants = self.news.get(customer.email) != "granted"
            self.news[customer.email] = "granted" if grants else "withdrawn"
            self._say_in_row(customer.email, grants, {f"email:{customer.email}"}, {"email"})

    def _move(self) -> None:
        """A record takes a new address: a fresh one, one that another has given up, or another's."""
        customer = self._alive()
        if customer:
            given_up = {
                i.removeprefix("email:") for c in self.customers for i in c.former_identifiers if i.startswith("email:")
            }
            customer.email = self.random.choice((self._address(), self._address(), *sorted(given_up)))
            customer.changed = self._now()
            self.log.append(f"{self.clock} {self.day}: {customer.number} is now {customer.email}")

    def _share(self) -> None:
        """Two records have one telephone: they become one person; or they part again."""
        customer, other = self._alive(), self._alive()
        if customer and other and customer is not other:
            customer.phone = other.phone if self.random.random() < 0.7 else self._phone()
            customer.changed = self._now()
            self.log.append(f"{self.clock} {self.day}: {customer.number} has phone {customer.phone or 'none'}")

    def _leave(self) -> None:
        customer = self._alive()
        if customer and self.random.random() < 0.3:
            customer.alive = False
            self.log.append(f"{self.clock} {self.day}: {customer.number} is deleted")

    def _qualified(self, by: dict[str, str]) -> set[str]:
        names = {"customer_no": "id:worlds_customer", "email": "email", "phone": "phone"}
        return {f"{names[k]}:{v}" for k, v in by.items()}

    def _say_in_row(self, row: str, grants: bool, identifiers: set[str], channels: Iterable[str]) -> None:
        if unseen := self.rows_of_today.pop(row, None):
            self._unsay(unseen)  # overwritten before any night could read it
        self._say(grants, identifiers, channels)
        self.rows_of_today[row] = self.statements[-1]

    def _former(self, address: str) -> frozenset[str]:
        """Whose an address still is that nobody holds."""
        alive = [c for c in self.customers if c.alive]
        held_now = any(address in c.identifiers() for c in alive)
        return frozenset() if held_now else frozenset(c.number for c in alive if address in c.former_identifiers)

    def _say(
        self,
        grants: bool,
        identifiers: set[str],
        channels: Iterable[str],
        known_from: date | None = None,
        former: frozenset[str] = frozenset(),
    ) -> None:
        known_from = known_from or self.day
        self.statements.append(
            Statement(self.clock, grants, frozenset(identifiers), frozenset(channels), known_from, former)
        )
        word = "yes" if grants else "NO"
        self.log.append(
            f"{self.clock} {self.day}, told {known_from}: {word} by {sorted(identifiers)} for {sorted(channels)}"
        )

    # ---- what must hold ----

    def wrongly_reached(
        self, channel: str, identity: set[str], addresses: set[str], earlier: Iterable[tuple[date, set[str]]] = ()
    ) -> Iterator[Statement]:
        """The unanswered noes of one person who is in an audience.

        identity   the identifiers that identity gives the person · addresses  those that the channel reaches them by
        earlier    what it gave on a night to whoever they were part of then: a no of that time stays theirs
        """
        theirs = [c for c in self.customers if f"id:worlds_customer:{c.number}" in identity]
        others = {i for c in self.customers if c.alive and c not in theirs for i in c.identifiers()}
        mine = identity | addresses | ({i for c in theirs for i in c.former_identifiers} - others)
        for no in self.statements:
            if no.known_from > self.day or no.grants or channel not in no.channels:
                continue
            of_then = any(no.known_from <= day and no.identifiers & held for day, held in earlier)
            if not no.identifiers & mine and not no.former & {c.number for c in theirs} and not of_then:
                continue
            if not any(self._answers(yes, no, channel, mine, addresses) for yes in self.statements):
                yield no

    @staticmethod
    def _answers(yes: Statement, no: Statement, channel: str, mine: set[str], addresses: set[str]) -> bool:
        if not yes.grants or yes.clock < no.clock or channel not in yes.channels or not yes.identifiers & mine:
            return False
        reached = no.identifiers & addresses
        return not reached or bool(reached & yes.identifiers) or any(i.startswith("id:") for i in yes.identifiers)

    def plainly_reachable(self) -> set[str]:
        """Addresses of those who said yes, and of whom nobody in the world ever said no."""
        if any(not s.grants for s in self.statements):
            return set()
        now = [row for row in self.preferences.values() if row["channel"] in ("email", "any")]
        yes = {i for row in now for i in self._qualified({"customer_no": row["customer_no"]})}
        alive = [c for c in self.customers if c.alive]
        unshared = [c for c in alive if not any(o is not c and o.identifiers() & c.identifiers() for o in alive)]
        return {c.set_email or c.email for c in unshared if f"id:worlds_customer:{c.number}" in yes}

    def gone(self) -> set[str]:
        """Addresses that only deleted records hold, and by which nobody ever said yes."""
        alive = {i for c in self.customers if c.alive for i in c.former_identifiers}
        yes = {i for s in self.statements if s.grants for i in s.identifiers}
        return (
            {i for c in self.customers if not c.alive for i in c.former_identifiers if i.startswith("email:")}
            - alive
            - yes
        )


@dataclass
class Night:
    """What the shop's files hold at the end of one day."""

    customers: list[tuple[str, str, str | None, str]] = field(default_factory=list)  # number, e-mail, phone, updated_at
    preferences: list[dict[str, str]] = field(default_factory=list)
    news: list[dict[str, str]] = field(default_factory=list)
    mail: list[dict[str, str]] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)  # lines of the preferences that cannot be taken apart
    states: list[str] = field(default_factory=list)  # lines of a list of mails and what has become of each by now
    newest_only: list[tuple[str, str, str]] = field(
        default_factory=list
    )  # number, e-mail, at: a table that keeps the newest alone
    guests: list[dict[str, str]] = field(default_factory=list)  # records without a number of their own
    names: list[tuple[str, str]] = field(default_factory=list)  # first name, and whose

    def __add__(self, other: "Night") -> "Night":
        names = [f.name for f in fields(self)]
        return Night(*(getattr(self, name) + getattr(other, name) for name in names))

    def write(self, folder: Path, day: date) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(folder / "shop.sqlite") as shop:
            columns = "customer_no text primary key, email text, phone text, updated_at text, first_name text"
            shop.execute(f"create table if not exists customers ({columns})")
            shop.execute("delete from customers")
            shop.executemany("insert into customers values (?, ?, ?, ?, null)", self.customers)
            shop.executemany("update customers set first_name = ? where customer_no = ?", self.names)
            shop.execute("create table if not exists gone (gone_no text primary key, email text, gone_at text)")
            shop.execute("delete from gone")
            shop.executemany("insert into gone values (?, ?, ?)", self.newest_only)
        columns = ["pref_no", "customer_no", "email", "phone", "channel", "purpose", "status", "said_at", "said_there"]
        _csv(folder / "preferences.csv", columns, self.preferences)
        with (folder / "preferences.csv").open("a") as file:
            file.writelines(f"{line}\n" for line in self.torn)
        _csv(folder / "news.csv", sorted({name for row in self.news for name in row}), self.news)
        (folder / "states.csv").write_text("".join(f"{line}\n" for line in ["mail_no,email,event,at", *self.states]))
        _csv(folder / "guests.csv", ["guest_no", "email", "phone"], self.guests)
        (folder / f"mail-{day}.jsonl").write_text("".join(f"{json.dumps(event)}\n" for event in self.mail))


def night_of(worlds: list[World], day: date) -> Night:
    return Night(
        [
            (c.number, c.email, c.phone or None, c.changed.isoformat(" "))
            for w in worlds
            for c in w.customers
            if c.alive
        ],
        [row for w in worlds for row in w.preferences.values()],
        [{"subscriber_no": email, "email": email, "status": s} for w in worlds for email, s in w.news.items()],
        [event for w in worlds for event in w.events.get(day, [])],
        names=[(c.name, c.number) for w in worlds for c in w.customers if c.alive and c.name],
    )


def _csv(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


SOURCE = """\
description: Random worlds
defaults: {{path: "{folder}", url: "sqlite:///{folder}/shop.sqlite"}}
tables:
  customers:
    kind: sql
    table: customers
    key: [customer_no]
    cursor: updated_at
    late_days: 1
    deletes: snapshot
    columns:
      customer_no: {{type: text, required: true}}
      email: {{type: text, identifier: email}}
      phone: {{type: text, identifier: phone}}
      updated_at: timestamp
      first_name: text
  preferences:
    kind: files
    pattern: preferences.csv
    key: [pref_no]
    max_reject_share: 1
    columns:
      pref_no: {{type: text, required: true}}
      customer_no: text
      email: {{type: text, identifier: email}}
      phone: {{type: text, identifier: phone}}
      channel: text
      purpose: text
      status: text
      said_at: timestamp
      said_there: {{type: timestamp, time_zone: America/New_York}}
  news:
    kind: files
    pattern: news.csv
    key: [subscriber_no]
    columns: {{subscriber_no: {{type: text, required: true}}, email: {{type: text, identifier: email}}, status: text}}
  mail:
    kind: files
    pattern: "mail-{{day}}.jsonl"
    key: [event_no]
    columns:
      event_no: {{type: text, required: true}}
      email: {{type: text, identifier: email}}
      user_no: text
      event: text
      at_: {{type: timestamp, from: at}}
  states:
    kind: files
    pattern: states.csv
    key: [mail_no]
    max_reject_share: 1
    columns:
      mail_no: {{type: text, required: true}}
      email: {{type: text, identifier: email}}
      event: text
      at_: {{type: timestamp, from: at}}
  gone:
    kind: sql
    table: gone
    key: [gone_no]
    deletes: snapshot
    columns:
      gone_no: {{type: text, required: true}}
      email: {{type: text, identifier: email}}
      gone_at: timestamp
  guests:
    kind: files
    pattern: guests.csv
    key: [guest_no]
    columns:
      guest_no: {{type: text, required: true}}
      email: {{type: text, identifier: email}}
      phone: {{type: text, identifier: phone}}
"""
STAGING = {
    "worlds__people": """
with arrived as (
    {{ newest_version(source('raw', 'worlds__customers'), ['customer_no'], 'updated_at') }}
),

guests as (
    {{ newest_version(source('raw', 'worlds__guests'), ['guest_no']) }}
)

select
    {{ native_key('worlds', 'customer_no') }} as record_id,
    {{ id_ref('worlds_customer', 'customer_no') }} as person_ref,
    email__normalised as email,
    phone__normalised as phone,
    first_name,
    updated_at,
    'customer' as lifecycle,
    _source,
    _day
from arrived
union all
select
    {{ native_key('worlds', 'guest_no', 'guest') }} as record_id,
    coalesce({{ email_ref('email__normalised') }}, {{ phone_ref('phone__normalised') }}) as person_ref,
    email__normalised as email,
    phone__normalised as phone,
    cast(null as varchar) as first_name,
    cast(null as timestamp) as updated_at,
    'contact' as lifecycle,
    _source,
    _day
from guests
""",
    "worlds__consents": """
with preferences as (
    {{ newest_version(source('raw', 'worlds__preferences'), ['pref_no']) }}
)

select
    {{ native_key('worlds', 'pref_no') }} as consent_key,
    {{ id_ref('worlds_customer', 'customer_no') }} as person_ref,
    email__normalised as email,
    phone__normalised as phone,
    channel,
    purpose,
    status,
    coalesce(said_at, said_there) as occurred_at,
    _source,
    _day
from preferences
""",
    "news__consents": """
with arrived as (
    {{ newest_version(source('raw', 'worlds__news'), ['subscriber_no']) }}
)

select
    {{ native_key('news', 'subscriber_no') }} as consent_key,
    {{ email_ref('email__normalised') }} as person_ref,
    'email' as channel,
    'marketing' as purpose,
    status,
    {{ as_instant('_day') }} as occurred_at,
    _source,
    _day
from arrived
""",
    "worlds__messages": """
with states as (
    {{ newest_version(source('raw', 'worlds__states'), ['mail_no']) }}
),

gone as (
    {{ newest_version(source('raw', 'worlds__gone'), ['gone_no']) }}
)

select
    {{ native_key('worlds', 'event_no') }} as message_event_key,
    {{ native_key('worlds', 'event_no') }} as message_key,
    {{ id_ref('worlds_customer', 'user_no') }} as person_ref,
    email__normalised as email,
    'email' as channel,
    event,
    true as is_hard_bounce,
    at_ as occurred_at,
    _source,
    _day
from {{ source('raw', 'worlds__mail') }}
where _day <= {{ day() }}
{%- for rows, key, event, at in [
    ('states', 'mail_no', 'event', 'at_'), ('gone', 'gone_no', "'unsubscribed'", 'gone_at')
] %}
union all
select
    {{ native_key('worlds', key, rows) }},
    {{ native_key('worlds', key, rows) }},
    {{ email_ref('email__normalised') }},
    email__normalised,
    'email',
    {{ event }},
    false,
    {{ at }},
    _source,
    _day
from {{ rows }}
{%- endfor %}
""",
}
