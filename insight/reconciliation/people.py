"""People: by which identifiers, of how many records, and whom one may write to."""

from typing import Any

from insight.reconciliation.scope import Row, Scope

MATCHED = "intermediate.int_people__matched"
RECORDS = f"""
    select count(*) as records, count(person_id) as matched, count(distinct person_id) as people,
        max(n) as most_records from (
        select m.person_id, count(*) over (partition by m.person_id) as n
        from intermediate.int_people__unioned as p left join {MATCHED} as m on m.record_id = p.record_id
        where p._source = $1) as records"""
ELSEWHERE = f"""
    select count(distinct o.person_id) as n from {MATCHED} as o
    inner join intermediate.int_people__unioned as p on p.record_id = o.record_id and p._source <> $1
    where o.person_id in (select m.person_id from {MATCHED} as m
        inner join intermediate.int_people__unioned as s on s.record_id = m.record_id and s._source = $1)"""
IDENTIFIED = """
    select count(*) as records, count(person_ref) as person_ref, count(email) as email, count(phone) as phone,
        count(distinct email) as emails, count(distinct phone) as phones,
        sum(case when coalesce(person_ref, email, phone) is null then 1 else 0 end) as nothing
    from intermediate.int_people__unioned where _source = $1"""
CONTACTABLE = f"""
    select c.channel, c.purpose, c.reason, count(*) as n from marts.contactability as c
    where c.person_id in (select m.person_id from {MATCHED} as m
        inner join intermediate.int_people__unioned as p on p.record_id = m.record_id and p._source = $1)
    group by 1, 2, 3 order by 1, 2, n desc, 3"""


def record_counts(scope: Scope) -> Row:
    """{records, matched, people, records_a_person, most_records, elsewhere, others, by: {…}} of the source's people."""
    if "people" not in scope.entities or not scope.columns(MATCHED):
        return {}
    counts = {name: int(n or 0) for name, n in scope.rows(RECORDS, [scope.source])[0].items()}
    counts["elsewhere"] = int(scope.rows(ELSEWHERE, [scope.source])[0]["n"])
    others = "select count(*) as n from intermediate.int_people__unioned where _source <> $1"
    counts["others"] = int(scope.rows(others, [scope.source])[0]["n"])
    identified = {name: int(n or 0) for name, n in scope.rows(IDENTIFIED, [scope.source])[0].items()}
    a_person = round(counts["matched"] / counts["people"], 3) if counts["people"] else None
    return counts | {"records_a_person": a_person, "by": identified}


def consent_rows(scope: Scope) -> list[Row]:
    """{channel, purpose, people, allowed, reasons: {reason: people}} of the source's people, as of the last build."""
    if not scope.columns("marts.contactability") or "people" not in scope.entities or not scope.columns(MATCHED):
        return []
    topics: dict[tuple[Any, Any], Row] = {}
    for row in scope.rows(CONTACTABLE, [scope.source]):
        topic = topics.setdefault(
            (row["channel"], row["purpose"]),
            {"channel": row["channel"], "purpose": row["purpose"], "people": 0, "allowed": 0, "reasons": {}},
        )
        topic["people"] += int(row["n"])
        if row["reason"] == "allowed":
            topic["allowed"] += int(row["n"])
        else:
            topic["reasons"][row["reason"]] = int(row["n"])
    return list(topics.values())
