"""Random histories over identities and consents together, as whole nights through the real commands.

The one invariant: whoever has an unanswered no for what is used to reach them, by any identifier at any time, is in no audience,
and is taken out where they are. FAIRLEAD_TEST_WORLDS and FAIRLEAD_TEST_SEED make it larger, or another.
"""

import os
import shutil
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from command_line import Shop, fairlead
from consent_worlds import FIRST, RECORDS_PER_ADDRESS, SOURCE, STAGING, World, write

ROOT = Path(__file__).resolve().parents[1]
WORLDS, SEED = int(os.environ.get("FAIRLEAD_TEST_WORLDS", "400")), int(os.environ.get("FAIRLEAD_TEST_SEED", "1"))
NIGHTS = 3
REACHED_BY = {"email": ("email",), "ads": ("email", "phone")}  # channel of consent: columns of profiles
BUILT = "+audiences +audience_sizes +consent_withdrawals +consent_quality"


def project(root: Path, folder: Path) -> Path:
    """Our project with the worlds as its only source, everybody as its only segment, and no predictive model."""
    shutil.copytree(ROOT / "dbt_project", root / "dbt_project", ignore=shutil.ignore_patterns("target", "logs", "segment__*", "feed__*"))
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
            f"description: For the tests\nsegment: everybody\nchannel: csv_outbox\ncontact_channel: {channel}\npurpose: marketing\n"
            "mode: mirror\nfields: {email: email, phone: phone}\nmax_change_share: 1\n"
        )
    return root


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    base = tmp_path_factory.mktemp("worlds")
    return Shop(base / "home", project(base / "project", base / "files"))


def night(shop: Shop, worlds: list[World], number: int) -> str:
    day = FIRST + timedelta(days=number)
    for world in worlds:
        world.live(number)
    write(worlds, shop.home.parent / "files", day)
    limit = {"FAIRLEAD_IDENTITY__MAX_RECORDS_PER_IDENTIFIER": str(RECORDS_PER_ADDRESS)}
    for words in (["pull", "worlds"], ["resolve"], ["build", "--select", BUILT], ["push"]):
        shop.fairlead(*words, "--day", str(day), **limit)
    return str(day)


def audience(shop: Shop, channel: str) -> dict[str, set[str]]:
    """person_id -> the identifiers that the channel reaches them by."""
    rows = shop.rows(
        "select p.person_id, 'email:' || p.email, 'phone:' || p.phone from marts.audiences a join marts.profiles p"
        f" on p.person_id = a.person_id where a.included and a.sync = 'everybody__csv_outbox__{channel}'"
    )
    columns = REACHED_BY[channel]
    return {person: {v for k, v in (("email", e), ("phone", p)) if v and k in columns} for person, e, p in rows}


def check(shop: Shop, worlds: list[World], day: str) -> int:
    """Every member of every audience against the truth; how many were looked at."""
    by_name = {w.name: w for w in worlds}
    identity = defaultdict(set)
    for person, identifier in shop.rows("select person_id, identifier from identity.person_identifiers"):
        identity[person].add(identifier)
    wrong, looked_at = [], 0
    for channel in REACHED_BY:
        for person, addresses in audience(shop, channel).items():
            looked_at += 1
            world = by_name[min(addresses).partition(":")[2].partition("-")[0]] if any("email" in a for a in addresses) else None
            world = world or by_name[next(i for i in identity[person] if i.startswith("id:")).split(":")[2].partition("-")[0]]
            for no in world.wrongly_reached(channel, identity[person], addresses):
                wrong.append("\n".join([f"{day} {channel} {sorted(addresses)} {sorted(identity[person])}", str(no), *world.log]))
    assert not wrong, f"{len(wrong)} reached who said no; the first:\n{wrong[0]}"
    return looked_at


def test_nobody_with_an_unanswered_no_is_reached_in_any_random_history(shop: Shop) -> None:
    worlds = [World(number, SEED) for number in range(WORLDS)]
    for number in range(NIGHTS):
        day = night(shop, worlds, number)
        assert check(shop, worlds, day) > WORLDS / 4, "hardly anybody is in an audience: nothing would be proved"
        mailed = {a.removeprefix("email:") for addresses in audience(shop, "email").values() for a in addresses}
        promised = {address for world in worlds for address in world.plainly_reachable()}
        assert promised and promised <= mailed, sorted(promised - mailed)[:5]
        assert not {f"email:{a}" for a in mailed} & {address for world in worlds for address in world.gone()}
        out = shop.rows(
            "select d.sync, d.person_id from activation.delivered d left join marts.audiences a on a.sync = d.sync and"
            " a.person_id = d.person_id where d.status = 'delivered' and not coalesce(a.included, false)"
        )
        assert not out, "still on the channel, and in no audience"
