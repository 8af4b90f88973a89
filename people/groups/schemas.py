"""The tables of households and accounts, and what a night hands from one step to the next."""

from dataclasses import dataclass, field

import pyarrow as pa

HOUSEHOLD, ACCOUNT = "household", "account"
# who is where, by what is compared: a person of a household, a row of `accounts` of an account; part: a number of the
# night's own
PARTS = pa.schema({"member": "string", "part": "int64", "place": "string", "because": "string"})
STAYS = pa.schema(
    {
        "kind": "string", "member": "string", "group_id": "string", "from_day": "date32", "until_day": "date32",
        "because": "string", "place": "string",
    }
)  # fmt: skip
# group_id: what stands for it now, however often merged since; merged_into, split_into: what it was on that day
MERGES = pa.schema(
    {
        "kind": "string", "merged_id": "string", "group_id": "string", "merged_day": "date32", "because": "string",
        "merged_into": "string",
    }
)  # fmt: skip
SPLITS = pa.schema(
    {
        "kind": "string", "split_from": "string", "group_id": "string", "split_day": "date32", "because": "string",
        "split_into": "string",
    }
)  # fmt: skip
ISSUED = pa.schema({"kind": "string", "group_id": "string", "founder": "string", "issued_day": "date32"})
DECISIONS = pa.schema(
    {
        "kind": "string", "member_a": "string", "member_b": "string", "verdict": "string", "reason": "string",
        "decided_at": "timestamp[us]",
    }
)  # fmt: skip

HOUSEHOLDS = pa.schema({"household_id": "string", "people": "int64", "head_person_id": "string", "since_day": "date32"})
HOUSEHOLD_PEOPLE = pa.schema(
    {"person_id": "string", "household_id": "string", "is_head": "bool", "since_day": "date32", "because": "string"}
)
ACCOUNTS = pa.schema(
    {
        "account_id": "string", "account_key": "string", "name": "string", "domain": "string",
        "parent_account_id": "string", "top_account_id": "string", "depth": "int64", "records": "int64",
        "since_day": "date32",
    }
)  # fmt: skip
# each account under itself and under every one above it; distance 0 is itself
ANCESTORS = pa.schema({"account_id": "string", "ancestor_id": "string", "distance": "int64"})
ACCOUNT_KEYS = pa.schema({"account_key": "string", "account_id": "string", "since_day": "date32", "because": "string"})
ACCOUNT_PEOPLE = pa.schema(
    {
        "person_id": "string", "account_id": "string", "linked_by": "string", "confidence": "float64",
        "evidence": "string", "since_day": "date32",
    }
)  # fmt: skip
DOUBTS = pa.schema({"kind": "string", "name": "string", "account_ids": "string", "people": "int64", "detail": "string"})


@dataclass(frozen=True)
class Memory:
    """What earlier nights decided about groups of one kind."""

    stays: pa.Table = field(default_factory=STAYS.empty_table)
    merges: pa.Table = field(default_factory=MERGES.empty_table)
    splits: pa.Table = field(default_factory=SPLITS.empty_table)
    issued: pa.Table = field(default_factory=ISSUED.empty_table)
