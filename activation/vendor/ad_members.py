"""People as an ad platform knows them: a sync's fields -> match keys, and which of the last ones must go.

What is normalised and hashed is decided in core/match_keys/normalise.py alone. An audience of an ad platform is a set
of keys, so "update" means: take out the keys that are no longer this person's, then put in all that are.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from activation.channel import ACCEPTED, REJECTED, ChangeBatch, Results
from core.errors import FatalError
from core.match_keys.normalise import members

# A sync's fields are named by what they are; normalise.py calls some of them otherwise.
KINDS = {"first_name": "given_name", "last_name": "family_name", "mobile_ad_id": "device_id"}
STRONG = (
    "email",
    "phone",
    "mobile_ad_id",
    "external_id",
)  # each is one person's; a name or a city only helps to find them

Keys = dict[str, str]  # field -> normalised, and hashed where the platform wants that; only what is usable
Verdict = tuple[str, str | None]  # status, error


@dataclass(frozen=True, repr=False)  # a repr would show the keys
class People:
    """keys: of each person, {} for who has nothing to match by; reasons: why not, for those."""

    keys: list[Keys]
    reasons: list[str | None]

    @property
    def refused(self) -> dict[int, Verdict]:
        """Those who are never sent, by row."""
        return {
            at: (REJECTED, why or "nothing to match by") for at, why in enumerate(self.reasons) if not self.keys[at]
        }


def people(
    platform: str, fields: pa.Table, list_fields: Collection[str], country: str, none_is_fine: bool = False
) -> People:
    """list_fields   the fields that this kind of list takes
    country       of telephone numbers without a code, where no field tells

    Raises FatalError when the sync maps none of them: nobody could be matched. An event may be matched by other things.
    """
    mapped = [name for name in fields.column_names if name in list_fields]
    if not mapped and none_is_fine:
        return People([{} for _ in range(len(fields))], [None] * len(fields))
    if not mapped:
        raise FatalError(f"{platform}: the sync maps none of {', '.join(list_fields)}. Map one under `fields:`.")
    countries = fields["country"] if "country" in fields.column_names else None
    table = fields.select(mapped).rename_columns([KINDS.get(name, name) for name in mapped])
    matched = members(platform, table, countries, country)
    rows = matched.columns.rename_columns(mapped).to_pylist()
    usable = matched.usable.to_pylist()
    keys = [{k: v for k, v in row.items() if v is not None} if ok else {} for row, ok in zip(rows, usable, strict=True)]
    return People(keys, matched.reason.to_pylist())


def departed(platform: str, batch: ChangeBatch, now: People, list_fields: Collection[str], country: str) -> list[Keys]:
    """Of each person the keys that were delivered and are no longer theirs; {} where none are.

    A key that is NULL now stays where its policy never sends NULL. Who was known by names alone goes as a whole.
    """
    before = batch.before
    names = [name for name in batch.fields.column_names if before is not None and name in before.column_names]
    if batch.removes or before is None or not names:
        return [{} for _ in now.keys]
    was = people(platform, before.select(names), list_fields, country, none_is_fine=True)
    silent = {name for name, policy in batch.policies.items() if policy != "overwrite"}
    current_values = {name: batch.column(name) for name in silent}
    departed_keys: list[Keys] = []
    for at, (old, new) in enumerate(zip(was.keys, now.keys, strict=True)):
        retained_names = {name for name in silent if current_values[name][at] is None}
        strong = {k: v for k, v in old.items() if k in STRONG}
        lost = {k: v for k, v in strong.items() if new.get(k) != v and k not in retained_names}
        departed_keys.append(lost if strong else {} if old == new else old)
    return departed_keys


def results(rows: int, verdicts: Mapping[int, Verdict]) -> Results:
    """Accepted, where no verdict says otherwise."""
    return Results.of(verdicts.get(row, (ACCEPTED, None)) for row in range(rows))


def sendable(keys: Sequence[Keys]) -> list[int]:
    """The rows that have any keys."""
    return [at for at, one in enumerate(keys) if one]
