"""Rules that JSON Schema cannot say, as keywords of our own: letters, bytes, lists inside a text, Meta's rows."""

import hashlib
import json
from typing import Any

import regex

EMPTY_HASH = hashlib.sha256(b"").hexdigest()
HEX = regex.compile(r"[0-9a-f]{64}|")  # a hash, or an empty place where this person has none


class Keyword:
    """One rule with its limit; `validate` raises with what is wrong, and never with the value."""

    def __init__(self, parent: dict[str, Any], value: Any, path: list[str | int]) -> None:
        self.limit = value


class MaxGraphemes(Keyword):
    """Letters as a reader counts them: an emoji of several code points is one."""

    def validate(self, instance: Any) -> None:
        if isinstance(instance, str) and len(regex.findall(r"\X", instance)) > self.limit:
            raise ValueError(f"longer than {self.limit} graphemes")


class MaxBytes(Keyword):
    def validate(self, instance: Any) -> None:
        if isinstance(instance, str) and len(instance.encode()) > self.limit:
            raise ValueError(f"longer than {self.limit} bytes of UTF-8")


class MaxListed(Keyword):
    """Addresses in a list, or in texts with commas between them, as forms carry lists."""

    def validate(self, instance: Any) -> None:
        texts = instance if isinstance(instance, list) else [instance]
        if sum(address_count(text) for text in texts) > self.limit:
            raise ValueError(f"more than {self.limit} listed")


class MaxListedJson(Keyword):
    """A JSON list in a text, which is how a form carries rows."""

    def validate(self, instance: Any) -> None:
        try:
            rows = json.loads(instance)
        except ValueError as error:
            raise ValueError("not JSON") from error
        if not isinstance(rows, list) or not rows:
            raise ValueError("not a list with something in it")
        if len(rows) > self.limit:
            raise ValueError(f"more than {self.limit} listed")


class MatchKeys(Keyword):
    """Meta's payload: every row as long as the schema, and a hash in each column that has to be hashed."""

    def validate(self, instance: Any) -> None:
        columns = instance["schema"] if isinstance(instance.get("schema"), list) else [instance.get("schema")]
        hashed = [at for at, name in enumerate(columns) if name in self.limit["hashed"]]
        for number, row in enumerate(instance.get("data", [])):
            row = row if isinstance(row, list) else [row]
            if len(row) != len(columns):
                raise ValueError(f"row {number} has {len(row)} values for {len(columns)} keys")
            if not all(isinstance(row[at], str) and HEX.fullmatch(row[at]) for at in hashed):
                raise ValueError(f"row {number} holds a value that is not a SHA-256 in lower-case hex")
            if EMPTY_HASH in row:
                raise ValueError(f"row {number} holds the hash of an empty text")


def address_count(text: Any) -> int:
    """By its signs rather than its commas, which stand in names too."""
    return max(1, text.count("@")) if isinstance(text, str) else 1


KEYWORDS: dict[str, Any] = {
    "maxGraphemes": MaxGraphemes,
    "maxBytes": MaxBytes,
    "maxListed": MaxListed,
    "maxListedJson": MaxListedJson,
    "matchKeys": MatchKeys,
}
