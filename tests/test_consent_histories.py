"""Random histories over identities and consents together, as whole nights through the real commands.

The one invariant: whoever has an unanswered no for what is used to reach them, by any identifier at any time, is in
no audience, and is taken out where they are. FAIRLEAD_TEST_WORLDS and FAIRLEAD_TEST_SEED make it larger, or another.
"""

import os
import re
import shutil
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from support.consent_cases import DAYS, MAILED
from support.consent_cases import night as cases
from support.consent_worlds import FIRST, RECORDS_PER_ADDRESS, SOURCE, STAGING, World, night_of
from support.shop import Shop

from core.errors import ConfigError
from core.settings import load_settings
from people.golden.overrides import set_field, unset_field

ROOT = Path(__file__).resolve().parents[1]
WORLDS, SEED = int(os.environ.get("FAIRLEAD_TEST_WORLDS", "300")), int(os.environ.get("FAIRLEAD_TEST_SEED", "1"))
LIMIT = {"FAIRLEAD_IDENTITY__MAX_RECORDS_PER_IDENTIFIER": str(RECORDS_PER_ADDRESS)}
REACHED_BY = {"email": ("email",), "ads": ("email", "phone")}  # channel of consent: columns of profiles
BUILT = "+audiences +audience_sizes +consent_withdrawals +address_withdrawals +consent_quality consents"


def project(root: Path, folder: Path) -> Path:
    """Our project with the worlds as its only source, everybody as its only segment, and no predictive model."""
    shutil.copytree(
        ROOT / "dbt_project",
        root / "dbt_project",
        ignore=shutil.ignore_patterns("target", "logs", "segment__*", "feed__*"),
    )
    for name in ("connectors/sources", "activation/syncs", "models"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copytree(ROOT / "activation/channels", root / "activation/channels")
    for path in (root / "activation/syncs").glob("*.yml"):
        path.unlink()
    (root / "dbt_project/models/marts/activation/_exposures.yml").unlink()
    (root / "connectors/sources/worlds.yml").write_text(SOURCE.format(folder=folder))
    for name, sql in STAGING.items():
        source, _, _ = name.partition("__")
        staging = root / "dbt_project/models/staging" / source
        staging.mkdir(exist_ok=True)
        (staging / f"stg_{name}.sql").write_text(sql)
    tables = yaml.safe_load(SOURCE.format(folder=folder))["tables"]
    raw = {"sources": [{"name": "raw", "schema": "raw", "tables": [{"name": f"worlds__{t}"} for t in tables]}]}
    (root / "dbt_project/models/staging/worlds/_worlds.yml").write_text(yaml.safe_dump(raw))
    segment = root / "dbt_project/models/marts/segments/segment__everybody.sql"
    segment.write_text("select person_id from {{ ref('profiles') }}")
    for channel in REACHED_BY:
        (root / f"activation/syncs/everybody__csv_outbox__{channel}.yml").write_text(
            f"description: For the tests\nsegment: everybody\nchannel: csv_outbox\ncontact_channel: {channel}\n"
            "purpose: marketing\n"
            "mode: mirror\nfields: {email: email, phone: phone}\nmax_change_share: 1\n"
        )
    return root


@dataclass
class Nights:
    """Three nights of random worlds and named cases in one shop, and what each night left."""

    shop: Shop
    worlds: list[World]
    mailed: list[set[str]] = field(default_factory=list)  # the addresses in the audience of e-mail, night by night
    wrong: list[str] = field(default_factory=list)
    looked_at: list[int] = field(default_factory=list)
    unkept: list[str] = field(default_factory=list)  # who said yes, never no, and is not reached
    undead: list[str] = field(default_factory=list)  # whose record was deleted, and who is reached
    guests: list[set[str]] = field(default_factory=list)  # the phones of an inn's guests among the ads, night by night
    earlier: list[tuple[date, dict[str, set[str]]]] = field(
        default_factory=list
    )  # night -> by number, all of its person
    splits: int = 0  # people who were reached as one and were told apart
    words: int = 0  # of stewards, on addresses
    left_out: list[tuple[str, str]] = field(default_factory=list)  # (sync, person) still on the channel, in no audience

    def run(self, number: int) -> None:
        day = DAYS[number - 1]
        for world in self.worlds:
            world.live(number - 1, self._word)
        (night_of(self.worlds, FIRST + timedelta(days=number - 1)) + cases(number)).write(
            self.shop.home.parent / "files", FIRST + timedelta(days=number - 1)
        )
        for words in (["pull", "worlds"], ["resolve"], ["build", "--select", BUILT], ["push"]):
            self.shop.fairlead(*words, "--day", day, **LIMIT)
        self._look(day)

    def _word(self, number: str, email: str | None) -> str | None:
        """As a steward types it, in this process; whose record it goes with."""
        settings, person = load_settings(root=self.shop.project, home=self.shop.home), f"id:worlds_customer:{number}"
        try:
            if email:
                word = set_field(settings, person, f"email={email}", "a letter")
            else:
                word = unset_field(settings, person, "email", "a letter")
        except ConfigError:  # somebody else has it, or nobody has set one
            return None
        self.words += 1
        return str(word["record_id"]).rpartition(":")[2]

    def _look(self, day: str) -> None:
        self.mailed.append({a.removeprefix("email:") for found in self.audience("email").values() for a in found})
        self.guests.append(
            {a for found in self.audience("ads").values() for a in found if a.startswith("phone:+44750000000")}
        )
        self._compare(day)
        promised = {address for world in self.worlds for address in world.plainly_reachable()}
        self.unkept += sorted(promised - self.mailed[-1]) if promised else ["nobody is promised anything"]
        self.undead += sorted({a for w in self.worlds for a in w.gone()} & {f"email:{a}" for a in self.mailed[-1]})
        self.left_out += self.shop.rows(
            "select d.sync, d.record_key from activation.delivered d left join marts.audiences a on a.sync = d.sync and"
            " a.person_id = d.record_key where d.status = 'delivered' and not coalesce(a.included, false)"
        )

    def audience(self, channel: str) -> dict[str, set[str]]:
        """person_id -> the identifiers that the channel reaches them by."""
        rows = self.shop.rows(
            "select p.person_id, 'email:' || p.email, 'phone:' || p.phone from marts.audiences a join marts.profiles p"
            f" on p.person_id = a.person_id where a.included and a.sync = 'everybody__csv_outbox__{channel}'"
        )
        wanted = REACHED_BY[channel]
        return {person: {v for k, v in (("email", e), ("phone", p)) if v and k in wanted} for person, e, p in rows}

    def _compare(self, day: str) -> None:
        """Every member of every audience against the truth of their world."""
        identity, looked_at = defaultdict(set), 0
        for person, identifier in self.shop.rows("select person_id, identifier from identity.person_identifiers"):
            identity[person].add(identifier)
        for channel in REACHED_BY:
            for person, addresses in self.audience(channel).items():
                named = [m for i in identity[person] | addresses if (m := re.search(r"\bw(\d+)-", i))]
                if not named:
                    continue  # one of the named cases
                world, looked_at = self.worlds[int(named[0].group(1))], looked_at + 1
                before = [(night, one[i]) for night, one in self.earlier for i in identity[person] if i in one]
                for no in world.wrongly_reached(channel, identity[person], addresses, before):
                    known = f"{day} {channel} {sorted(addresses)} {sorted(identity[person])}"
                    self.wrong.append("\n".join([known, str(no), *world.log]))
        self.looked_at.append(looked_at)
        numbers = {i: of for of in identity.values() for i in of if i.startswith("id:")}
        self.earlier.append((date.fromisoformat(day), numbers))
        self.splits += self.shop.rows(f"select count(*) from identity.splits where split_day = '{day}'")[0][0]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    base = tmp_path_factory.mktemp("worlds")
    shop = Shop(base / "home", project(base / "project", base / "files"))
    nights = Nights(shop, [World(number, SEED) for number in range(WORLDS)])
    for number in (1, 2, 3):
        nights.run(number)
    return nights


def test_nobody_with_an_unanswered_no_is_reached_in_any_random_history(nights: Nights) -> None:
    assert nights.splits > WORLDS / 30, "hardly anybody is told apart"
    assert nights.words > WORLDS / 10, "hardly any address is set by a steward"
    assert min(nights.looked_at) > WORLDS / 4, "hardly anybody is in an audience: nothing would be proved"
    assert not nights.wrong, "\n\n".join([f"{len(nights.wrong)} reached who said no:", *nights.wrong[:9]])


def test_whoever_leaves_an_audience_is_taken_off_the_channel(nights: Nights) -> None:
    assert not nights.left_out


def test_whoever_said_yes_and_never_no_is_reached(nights: Nights) -> None:
    assert not nights.unkept


def test_whoever_is_deleted_at_the_source_is_reached_no_more(nights: Nights) -> None:
    assert not nights.undead


@pytest.mark.parametrize("name", MAILED)
def test_each_case_is_mailed_on_just_these_nights(nights: Nights, name: str) -> None:
    assert tuple(n for n, mailed in enumerate(nights.mailed, 1) if f"{name}@example.com" in mailed) == MAILED[name]


def test_why_names_the_identifier_by_which_the_no_was_given(nights: Nights) -> None:
    told = nights.shop.fairlead("why", "moved_new@example.com")["consents"]["may_contact"]
    mail = next(row for row in told if (row["channel"], row["purpose"]) == ("email", "marketing"))
    assert (mail["reason"], mail["stopped_for"]) == ("unsubscribed", "email:moved@example.com")


def test_the_summary_counts_what_could_not_be_taken_at_its_word(nights: Nights) -> None:
    doubts = {row["kind"]: row["statements"] for row in nights.shop.fairlead("summary", "--day", DAYS[-1])["consents"]}
    assert doubts["refused"] >= 3 and doubts["unknown_word"] >= 6 and doubts["wrong_clock"] >= 3
    assert doubts["stated"] > doubts["refused"]


def test_a_no_that_came_with_a_pull_for_an_earlier_day_is_no_older_than_it_can_be(
    nights: Nights, tmp_path: Path
) -> None:
    """One wrong digit, and the stop of today was given before the yes that it takes back."""
    shop, night = nights.shop.copied(tmp_path / "home"), cases(3)
    for name, at in (("plain", "2026-03-05T10:00:00Z"), ("bounced_soft", "")):
        no = {"pref_no": f"slip-{name}", "customer_no": f"c-{name}", "channel": "any", "purpose": "any"}
        night.preferences.append({**no, "status": "withdrawn", "said_at": at})
    for day in ("2025-03-05", "2026-03-05"):
        night.write(nights.shop.home.parent / "files", date.fromisoformat(day))
        shop.fairlead("pull", "worlds", "--day", day)
        yes = {"pref_no": "slip-yes", "customer_no": "c-plain", "channel": "any", "purpose": "any", "status": "granted"}
        # an hour before the no, and seen on the right day
        night.preferences.append({**yes, "said_at": "2026-03-05T09:00:00Z"})
    for words in (["resolve"], ["build", "--select", "+audiences"]):
        shop.fairlead(*words, "--day", "2026-03-05", **LIMIT)
    mailed = "select p.email from marts.audiences a join marts.profiles p on p.person_id = a.person_id where a.included"
    names = {email.partition("@")[0] for (email,) in shop.rows(mailed) if email}
    assert "again" in names and not names & {"plain", "bounced_soft"}


def test_a_guest_of_an_inn_is_reached_by_phone_until_the_inn_says_no(nights: Nights) -> None:
    assert [bool(phones) for phones in nights.guests] == [True, False, False]


def test_a_night_that_ends_half_built_takes_out_whom_it_has_merged_and_an_address_that_is_theirs_no_more(
    nights: Nights, tmp_path: Path
) -> None:
    """plain and again are found to be one and say no; mended moves, says no at the old address, yes at the new."""
    shop, day = nights.shop.copied(tmp_path / "home"), FIRST + timedelta(days=3)
    night = cases(3)
    moves = {"c-plain": ("plain@example.com", "+447400866666"), "c-again": ("again@example.com", "+447400866666"),
             "c-mended": ("mended_new@example.com", "")}  # fmt: skip
    night.customers = [
        (n, *moves.get(n, (e, p)), f"{day} 08:00:00" if n in moves else at) for n, e, p, at in night.customers
    ]
    said = [
        ("plain", "withdrawn", 9),
        ("again", "withdrawn", 9),
        ("mended", "withdrawn", 9),
        ("mended_new", "granted", 11),
    ]
    night.preferences += [
        {"pref_no": f"late-{name}", "email": f"{name}@example.com", "channel": "email", "purpose": "marketing",
         "status": status,
         "said_at": f"{day}T{hour:02}:00:00Z"} for name, status, hour in said
    ]  # fmt: skip
    (night_of(nights.worlds, FIRST + timedelta(days=2)) + night).write(nights.shop.home.parent / "files", day)
    there = (
        "select distinct split_part((payload ->> 'email'), '@', 1) from activation.delivered"
        " where delivered_hash is not null"
        " and sync like '%email' and (payload ->> 'email') similar to '(plain|again|mended|mended_new)@example.com'"
    )
    assert {name for (name,) in shop.rows(there)} == {"plain", "again", "mended"}
    half = "+consent_withdrawals +address_withdrawals"
    for words in (["pull", "worlds"], ["resolve"], ["build", "--select", half], ["push", "--withdrawals"]):
        shop.fairlead(*words, "--day", str(day), **LIMIT)
    assert shop.rows("select count(*) from identity.merges where merged_day = '2026-03-05'") == [(1,)]
    assert shop.rows(there) == []


def test_a_build_fails_when_too_many_noes_are_nobodys(nights: Nights, tmp_path: Path) -> None:
    shop = nights.shop.copied(tmp_path / "home")
    files = nights.shop.home.parent / "files"
    night = cases(3)
    night.preferences += [
        {
            "pref_no": f"lost-{n}",
            "email": "two..dots@example.com",
            "channel": "email",
            "purpose": "marketing",
            "status": "withdrawn",
        }
        for n in range(WORLDS)
    ]
    night.write(files, FIRST + timedelta(days=3))
    shop.fairlead("pull", "worlds", "--day", "2026-03-05")
    built = shop.fairlead("build", "--select", "+consent_quality", "--day", "2026-03-05", ok=False)
    assert len(built["failures"]) == 1 and built["failures"][0].startswith("untied_within_share_consent_quality"), (
        built["failures"]
    )
