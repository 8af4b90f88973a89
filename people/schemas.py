"""The tables of identity, what earlier nights decided, and what a night decides."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

RECORDS_PER_IDENTIFIER = {"email": 50, "phone": 50}  # a switchboard or a till's placeholder is not one human being

IDENTIFIERS = pa.schema({"identifier": "string", "person_id": "string", "kind": "string", "first_seen_day": "date32"})
PEOPLE = pa.schema({"person_id": "string", "first_seen_day": "date32", "records": "int64", "identifiers": "int64"})
RECORD_PEOPLE = pa.schema({"record_id": "string", "person_id": "string"})
# person_id: who it is now, however often merged since; merged_into: who it was on merged_day, by which an earlier day
# is resolved
MERGES = pa.schema(
    {
        "merged_person_id": "string",
        "person_id": "string",
        "merged_day": "date32",
        "because": "string",
        "merged_into": "string",
    }
)
# the records of split_from that are somebody else's from split_day on: split_into's, who is person_id by now
SPLITS = pa.schema(
    {
        "split_from": "string",
        "person_id": "string",
        "split_day": "date32",
        "because": "string",
        "split_into": "string",
    }
)
LINKS = pa.schema({"record_id": "string", "identifier": "string"})
# a probable link; record_a < record_b; comparison: {part: {"level": what was found, "weight": bits for one human,
# negative ones against}}
LINK = pa.schema(
    {
        "record_a": "string",
        "record_b": "string",
        "probability": "float64",
        "match_weight": "float64",
        "comparison": "string",
    }
)
ISSUED = pa.schema({"person_id": "string", "founder": "string", "first_seen_day": "date32", "issued_day": "date32"})
IGNORED = pa.schema(
    {"identifier": "string", "kind": "string", "records": "int64", "since_day": "date32", "because": "string"}
)
SHARED = pa.schema({"identifier": "string", "person_id": "string", "is_owner": "bool", "first_seen_day": "date32"})
# what records have given up, and whoever holds it beside them or since (intermediate.int_people__passed)
PASSED = pa.schema(
    {
        "record_id": "string",
        "identifier": "string",
        "first_seen_day": "date32",
        "first_day": "date32",
        "since_day": "date32",
        "until_day": "date32",
    }
)
# in whose time an identifier was whose, where it was several people's one after the other: [from_day, until_day)
VALIDITY = pa.schema({"identifier": "string", "person_id": "string", "from_day": "date32", "until_day": "date32"})
# whose a record (kind: record) or an identifier (its own kind) was until a day on which that changed; NULL: nobody's
PAST = pa.schema(
    {"kind": "string", "name": "string", "person_id": "string", "until_day": "date32", "first_seen_day": "date32"}
)
VETOES = pa.schema({"record_a": "string", "record_b": "string", "identifier": "string", "because": "string"})
# a steward's word on one field; it goes with record_id (or the reference that stands for one), and where that is gone
# with person_id
OVERRIDES = pa.schema(
    {
        "override_id": "string",
        "person_id": "string",
        "record_id": "string",
        "field": "string",
        "value": "string",
        "verdict": "string",
        "reason": "string",
        "decided_by": "string",
        "decided_at": "timestamp[us]",
    }
)


@dataclass(frozen=True)
class Rules:
    """What a company declares about identity (fairlead.toml, [identity])."""

    limits: Mapping[str, int] = field(default_factory=lambda: dict(RECORDS_PER_IDENTIFIER))
    learned: Mapping[str, int] = field(default_factory=dict)  # of a kind (id:loyalty), by people/limits.py
    shared_owner: str = "first"  # or last: whose record had a shared identifier first, or took it last
    one_per_person: tuple[str, ...] = ()  # namespaces of whose ids a human has one


@dataclass(frozen=True)
class History:
    """What earlier nights decided. `issued` holds every id ever given; its `founder` is the hash of the identifier (or
    of the record) that the id was made from, so that an id stays taken even when its person was forgotten."""

    issued: pa.Table = field(default_factory=ISSUED.empty_table)
    merges: pa.Table = field(default_factory=MERGES.empty_table)
    identifiers: pa.Table = field(default_factory=IDENTIFIERS.empty_table)
    record_people: pa.Table = field(default_factory=RECORD_PEOPLE.empty_table)
    splits: pa.Table = field(default_factory=SPLITS.empty_table)
    ignored: pa.Table = field(default_factory=IGNORED.empty_table)
    past: pa.Table = field(default_factory=PAST.empty_table)


@dataclass(frozen=True)
class Resolution:
    """The whole of the identity schema as of the day; `ignored` holds the identifiers that too many humans share,
    `shared` those of several people, `vetoes` what was not joined although it shares one."""

    person_identifiers: pa.Table
    people: pa.Table
    record_people: pa.Table
    merges: pa.Table
    splits: pa.Table
    links: pa.Table
    issued: pa.Table
    ignored: pa.Table
    shared: pa.Table
    vetoes: pa.Table
    validity: pa.Table
    past: pa.Table
    records: int  # of sources; who is only named by other rows has none
    merged: int  # people who became part of another on this day
    split: int  # people some of whose records became somebody else's on this day

    @property
    def history(self) -> History:
        return History(
            self.issued, self.merges, self.person_identifiers, self.record_people, self.splits, self.ignored, self.past
        )  # fmt: skip
