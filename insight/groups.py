"""The household and the account of one person, with what says so."""

from typing import Any

from core.warehouse import Warehouse

HOUSEHOLD = """
    select p.household_id, h.people, h.head_person_id, p.is_head, p.because, p.since_day
    from identity.household_people as p
    inner join identity.households as h on p.household_id = h.household_id
    where p.person_id = $1"""
MEMBERS = """
    select person_id, is_head, because, since_day from identity.household_people
    where household_id = $1 order by is_head desc, person_id limit 50"""
ACCOUNT = """
    select p.account_id, a.name, a.domain, p.linked_by, p.confidence, p.evidence, p.since_day,
        parents.name as parent, tops.name as top
    from identity.account_people as p
    inner join identity.accounts as a on p.account_id = a.account_id
    left join identity.accounts as parents on a.parent_account_id = parents.account_id
    left join identity.accounts as tops on a.top_account_id = tops.account_id and tops.account_id <> a.account_id
    where p.person_id = $1"""
STAYS = """
    select group_id as household_id, from_day, until_day, because from identity.group_stays
    where kind = 'household' and member = $1 order by from_day desc"""


def groups_of(db: Warehouse, person_id: str) -> dict[str, Any]:
    """{household, members, stays, account}; empty where a warehouse of an earlier version has none."""
    if not db.exists("identity.group_stays"):
        return {"household": {}, "members": [], "stays": [], "account": {}}
    household = db.query(HOUSEHOLD, [person_id]).to_pylist()
    account = db.query(ACCOUNT, [person_id]).to_pylist()
    return {
        "household": household[0] if household else {},
        "members": db.query(MEMBERS, [household[0]["household_id"]]).to_pylist() if household else [],
        "stays": db.query(STAYS, [person_id]).to_pylist(),
        "account": account[0] if account else {},
    }
