"""`fairlead why A B`: why two records, or people, are one human or are not. Reads only."""

from collections import defaultdict, deque
from typing import Any

from core.errors import ConfigError
from core.settings import Settings
from core.warehouse import Warehouse, connect
from insight.why import find

Row = dict[str, Any]
OF_ONE = """
    select l.record_id, l.identifier from identity.links as l
    inner join identity.record_people as r on l.record_id = r.record_id where r.person_id = $1 order by 1, 2"""
SHARED = """
    select a.identifier, o.person_id as owner
    from (select distinct l.identifier from identity.links as l
        inner join identity.record_people as r on l.record_id = r.record_id where $1 in (r.record_id, r.person_id)) as a
    inner join (select distinct l.identifier from identity.links as l
        inner join identity.record_people as r on l.record_id = r.record_id where $2 in (r.record_id, r.person_id)) as b
        on a.identifier = b.identifier
    left join identity.person_identifiers as o on a.identifier = o.identifier order by 1"""
BETWEEN = """
    select p.* from identity.{table} as p
    left join identity.record_people as a on p.record_a = a.record_id
    left join identity.record_people as b on p.record_b = b.record_id
    where ($1 in (p.record_a, a.person_id) and $2 in (p.record_b, b.person_id))
        or ($2 in (p.record_a, a.person_id) and $1 in (p.record_b, b.person_id))"""
HISTORY = """
    select 'merge' as kind, merged_day as day, merged_person_id as one, merged_into as other, because
    from identity.merges
    where merged_person_id in ($1, $2) or person_id in ($1, $2)
    union all
    select 'split', split_day, split_from, split_into, because from identity.splits
    where split_from in ($1, $2) and person_id in ($1, $2) order by 2, 3, 4"""


def why_two(settings: Settings, one: str, other: str) -> Row:
    """The object of `why A B --json`: {one, other, is_one, because, shared, path, vetoes, decisions, links, history}.

    one, other   a record_id, a person_id, an e-mail address, a phone number or any identifier
    """
    with connect(settings) as db:
        if not db.exists("identity.record_people"):
            raise ConfigError("Nobody is resolved yet. Run `fairlead resolve --day D` first.")
        sides = [_side(db, text, settings.project.default_country) for text in (one, other)]
        is_one = sides[0]["person_id"] == sides[1]["person_id"]
        names = [(is_one and side["record_id"]) or side["person_id"] for side in sides]
        asked = [side["record_id"] or side["person_id"] for side in sides]
        found = {
            "shared": db.query(SHARED, asked).to_pylist(),
            "vetoes": _between(db, "vetoes", names),
            "decisions": _between(db, "decisions", names),
            "links": _between(db, "probable_links", names),
            "history": db.query(HISTORY, [side["person_id"] for side in sides]).to_pylist(),
        }
        path = _path(db, sides) if is_one else []
    because = _because(is_one, found, path)
    return {"one": sides[0], "other": sides[1], "is_one": is_one, "because": because, "path": path, **_texts(found)}


def _side(db: Warehouse, text: str, country: str) -> Row:
    record = db.query("select person_id from identity.record_people where record_id = $1", [text])[
        "person_id"
    ].to_pylist()
    person = record[0] if record else find(db, text, country)
    records = db.query(
        "select record_id from identity.record_people where person_id = $1 order by 1 limit 50", [person]
    )["record_id"].to_pylist()  # fmt: skip
    return {"asked": text, "record_id": text if record else None, "person_id": person, "records": records}


def _between(db: Warehouse, table: str, names: list[str]) -> list[Row]:
    if not db.exists(f"identity.{table}"):
        return []
    return db.query(BETWEEN.format(table=table), names).to_pylist()


def _path(db: Warehouse, sides: list[Row]) -> list[str]:
    """The shortest way from the one record to the other: record, identifier, record, …"""
    ends = [side["record_id"] or (side["records"] or [None])[0] for side in sides]
    near: defaultdict[str, list[str]] = defaultdict(list)
    for row in db.query(OF_ONE, [sides[0]["person_id"]]).to_pylist():
        near[row["record_id"]].append(row["identifier"])
        near[row["identifier"]].append(row["record_id"])
    came_from: dict[str, str | None] = {ends[0]: None}
    queue = deque([ends[0]])
    while queue and ends[1] not in came_from:
        here = queue.popleft()
        for there in near[here]:
            if there not in came_from:
                came_from[there] = here
                queue.append(there)
    way: list[str] = []
    at = ends[1] if ends[1] in came_from else None
    while at is not None:
        way.insert(0, at)
        at = came_from[at]
    return way


def _because(is_one: bool, found: Row, path: list[str]) -> str:
    """In one sentence, the weightiest reason first."""
    newest = max(found["decisions"], key=lambda row: row["decided_at"], default=None)
    if newest and newest["verdict"] == ("same" if is_one else "different"):
        return f"A steward has said so: {newest['reason']}."
    if is_one:
        return f"They hang together by {path[1]}." if len(path) == 3 else (
            "They hang together by way of other records." if path else "A probable link joins them.")  # fmt: skip
    if found["vetoes"]:
        veto = found["vetoes"][0]
        return f"Kept apart at {veto['identifier'] or 'a link'}: {veto['because']}."
    if found["shared"]:
        return "What they share is several people's, and nothing else joins them."
    return "They share no identifier that joins anybody."


def _texts(found: Row) -> Row:
    """Days and instants as texts."""
    return {
        name: [{k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()} for row in rows]
        for name, rows in found.items()
    }
