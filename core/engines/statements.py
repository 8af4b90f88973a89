"""What one SQL statement writes to, read from its text: refused is whatever is not understood, for what cannot be read
cannot be held to a rule.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from core.errors import FatalError

# Plain reads are known at a glance: one statement, and none of the words by which a statement writes.
_READS = re.compile(r"^\s*(select|with|values)\b", re.IGNORECASE)
_MAY_WRITE = re.compile(r";|\b(insert|update|delete|merge|into|create|drop|alter|truncate|copy)\b", re.IGNORECASE)
# So are plain writes as we word them: a beginning in small letters, one name, what may follow it, and again none of
# those words. sqlglot reads everything else, in some ten milliseconds a statement: a third of a pull went into that.
_NAME = r'(?:(?P<schema>[a-z_][a-z0-9_]*)\.)?(?P<name>[a-z_][a-z0-9_]*|"[^".]+")'
_SELECTS = r"(?:select|with|values)\b"
_PLAIN_WRITES = tuple(
    re.compile(rf"\s*{beginning}{_NAME}(?={rest})")
    for beginning, rest in (
        ("insert into ", rf'(?: by name|\s+\([\w\s,"]+\))?\s+{_SELECTS}'),
        ("delete from ", r"(?: as \w+)?\s+(?:where|using)\b|\s*$"),
        ("update ", r"(?: as \w+)?\s+set\b"),
        ("create (?P<temporary>temp |temporary )?table (?:if not exists )?", rf"\s*\(|\s+as\s+{_SELECTS}"),
        ("drop table (?:if exists )?", r"\s*$"),
    )
)
_EXPLAINS = re.compile(r"\s*explain\s+(?:(?:analyze|verbose)\b\s*|\([^)]*\)\s*)*", re.IGNORECASE)
TEMPORARY = ("temp", "pg_temp")


class WriteRefusedError(FatalError):
    """A statement that writes where this connection may not, or of which nobody can tell where."""


class Target(NamedTuple):
    """A table, or all of a schema where `name` is empty; of a name without a schema `schema` is empty."""

    schema: str
    name: str
    is_new_temporary: bool = False


@lru_cache(maxsize=512)  # a push says the same dozen sentences for every window, and reading one takes milliseconds
def targets(sql: str, engine: str) -> frozenset[Target]:
    """What one statement writes to, nothing for a read. Raises WriteRefusedError where that cannot be told."""
    if _READS.match(sql) and not _MAY_WRITE.search(sql):
        return frozenset()
    return _of_plain_write(sql) or _parsed_targets(sql, engine)


def _of_plain_write(sql: str) -> frozenset[Target]:
    """What a plain write writes to; nothing where the statement has to be read."""
    match = next((match for pattern in _PLAIN_WRITES if (match := pattern.match(sql))), None)
    if match is None or _MAY_WRITE.search(sql, match.end()):
        return frozenset()
    is_new = bool(match.groupdict().get("temporary"))
    if is_new and match["schema"] not in (None, *TEMPORARY):
        return frozenset()
    return frozenset({Target(match["schema"] or "", match["name"].strip('"').lower(), is_new)})


def _parsed_targets(sql: str, engine: str) -> frozenset[Target]:
    """sqlglot is imported when it is needed: that takes a fifth of a second, and most statements are plain."""
    from core.engines.parsed_statements import read_targets

    return read_targets(sql, engine)


def explained(sql: str) -> str:
    """The statement that an `explain` explains, which with `analyze` is run; else the text itself."""
    return _EXPLAINS.sub("", sql, count=1) if _EXPLAINS.match(sql) else sql


def unclear(sql: str, reason: str) -> WriteRefusedError:
    return WriteRefusedError(f"This connection may not run {' '.join(sql.split())[:80]!r}: {reason}.")
