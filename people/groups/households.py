"""Who lives together: people who agree on an address and a family name, or share a telephone or an e-mail there.

Set-based, on the workbench; docs/reference/households.md says the rules in words.
"""

from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from people.groups import normal_forms as forms
from people.groups.schemas import PARTS
from people.groups.spec import HouseholdSpec
from people.linkage.cleaning import CLEANERS
from people.traits import PLACEHOLDER_DATES

# one row a record of somebody; first_seen_day is the person's
RECORDS = pa.schema(
    {
        "record_id": "string", "person_id": "string", "last_name": "string", "street": "string",
        "postal_code": "string", "city": "string", "email": "string", "phone": "string", "is_business": "bool",
        "birth_date": "date32", "updated_at": "timestamp[us]", "first_seen_day": "date32",
    }
)  # fmt: skip
ALONE, STEWARD = "alone", "a steward's word"
PEOPLE = """
    create or replace temp table people as
    select person_id, row_number() over (order by person_id) - 1 as row, min(first_seen_day) as first_seen_day,
        min(birth_date) filter (not list_contains({placeholders}, birth_date)) as birth_date
    from records group by person_id"""
NAMES = """
    create or replace temp table names as
    select distinct person_id, {word} as value
    from (select person_id, unnest(string_split(last_name, ' ')) as word from records where last_name is not null)
    where length(word) > 1 and word not in {particles}"""
# where a person lives: of the newest record that says it
HOMES = """
    create or replace temp table homes as
    with said as (
        select person_id, {area} as area, {house} as house, {unit} as unit, row_number() over (
            partition by person_id order by updated_at desc nulls last, md5(record_id)
        ) as newest
        from records where street is not null and (postal_code is not null or city is not null){homes_only}
    ), placed as (
        select said.* from said
        anti join no_homes on said.area = no_homes.area and said.house = no_homes.house
        where newest = 1 and said.house is not null
    ), houses as (
        select area, house, max(unit) as unit from placed group by all having count(distinct unit) = 1
    ), addressed as (
        select person_id, area, house, coalesce(placed.unit, houses.unit, '') as unit
        from placed left join houses using (area, house)
    )
    select *, md5(concat_ws('|', area, house, unit)) as value, regexp_replace(house, '[^0-9]+', ' ', 'g') as number,
        count(*) over (partition by area, house, unit) as people
    from addressed"""
# how many other addresses bear a name, of all
FREQUENCIES = """
    create or replace temp table frequencies as
    select names.value, (count(distinct homes.value) - 1)
        / greatest((select count(distinct value) from homes) - 1, 1) as frequency
    from names inner join homes using (person_id) group by names.value"""
NAMED_HOMES = """
    create or replace temp table named_homes as
    select homes.person_id, homes.value || '|' || names.value as value, names.value as name,
        homes.* exclude (person_id, value)
    from homes inner join names using (person_id) inner join frequencies on names.value = frequencies.value
    where homes.people <= $people_per_home or homes.people <= $most_people_per_address
        and (homes.people - 1) * frequencies.frequency < $chance_namesakes"""
# a slip of the pen in the name at one address, or in the street beside the same name, number and place
SLIPS = """
    insert into named_homes
    with said as (select distinct value, area, house, unit, number, name, people from named_homes), alike as (
        select one.value, other.value as theirs
        from said as one inner join said as other using (area, house, unit)
        where one.name <> other.name and one.people <= $people_per_home
            and least(length(one.name), length(other.name)) >= 5 and damerau_levenshtein(one.name, other.name) = 1
        union
        select one.value, other.value
        from said as one inner join said as other using (area, number, unit, name)
        where one.house <> other.house and damerau_levenshtein(one.house, other.house) = 1
    )
    select person_id, least(alike.value, theirs) || '~' || greatest(alike.value, theirs), name,
        named_homes.* exclude (person_id, value, name)
    from named_homes inner join alike using (value)"""
CONTACTS = """
    create or replace temp table {name}s as
    select distinct person_id, {name} as value from records where {name} in (
        select {name} from records where {name} is not null
        group by {name} having count(distinct person_id) between 2 and $most_people_per_contact)"""
HEADS = """
    select today.member as person_id, row_number() over (
        partition by today.part order by {order} people.first_seen_day, people.person_id
    ) = 1 as is_head
    from today inner join people on today.member = people.person_id"""


def find(db: Any, spec: HouseholdSpec, records: pa.Table, decisions: pa.Table) -> pa.Table:
    """PARTS of the day: each person of a household once.

    decisions   member_a, member_b (people), verdict: the newest word of a steward on each two
    """
    _load(db, spec, records)
    _prepare(db, spec)
    _link(db, spec, [rule for rule in spec.rules if "address" in rule])
    _group(db, spec)
    _attach(db, spec, [rule for rule in spec.rules if "address" not in rule])
    _decide(db, decisions)
    return db.execute("select * from today order by member").to_arrow_table().select(PARTS.names).cast(PARTS)


def heads(db: Any, spec: HouseholdSpec) -> pa.Table:
    """person_id, is_head of those whom `find` has just put together."""
    order = "people.birth_date nulls last," if spec.head == "oldest" else ""
    return db.execute(HEADS.format(order=order)).to_arrow_table()


def _load(db: Any, spec: HouseholdSpec, records: pa.Table) -> None:
    """`records` as they are compared, and `no_homes`."""
    cleaners = {"last_name": CLEANERS["last_name"], "street": forms.street_text, "city": forms.plain,
                "postal_code": CLEANERS["postal_code"], "email": CLEANERS["email"],
                "phone": CLEANERS["phone"]}  # fmt: skip
    read = {name: forms.folded(records[name], cleaners[name]) if name in cleaners else records[name]
            for name in RECORDS.names}  # fmt: skip
    no_homes = [[part.strip() for part in place.split(",")] for place in spec.no_homes]
    shut = {"street": forms.street_text, "postal_code": CLEANERS["postal_code"]}
    listed = {name: forms.folded(pa.chunked_array([pa.array([p[i] for p in no_homes], pa.string())]), cleaner)
              for i, (name, cleaner) in enumerate(shut.items())}  # fmt: skip
    for name, table in (("records", pa.table(read)), ("listed", pa.table(listed))):
        db.register("given", table)
        db.execute(f"create or replace temp table {name} as select * from given")
        db.unregister("given")
    area, house = forms.area("postal_code", "cast(null as varchar)"), forms.house("street")
    db.execute(f"create or replace temp table no_homes as select {area} as area, {house} as house from listed")


def _prepare(db: Any, spec: HouseholdSpec) -> None:
    """What people have that joins them: names, homes, contacts."""
    area, house, unit = forms.area("postal_code", "city"), forms.house("street"), forms.unit("street")
    placeholders = "[" + ", ".join(f"date '{text}'" for text in PLACEHOLDER_DATES.astype("datetime64[D]")) + "]"
    db.execute(PEOPLE.format(placeholders=placeholders))
    db.execute(NAMES.format(word=forms.name_word("word"), particles=forms.PARTICLES))
    homes_only = " and not is_business" if spec.business_records == "left_out" else ""
    db.execute(HOMES.format(area=area, house=house, unit=unit, homes_only=homes_only))
    db.execute(FREQUENCIES)
    limits = {"people_per_home": spec.people_per_home, "most_people_per_address": spec.most_people_per_address,
              "chance_namesakes": spec.chance_namesakes}  # fmt: skip
    db.execute(NAMED_HOMES, limits)
    db.execute(SLIPS, {"people_per_home": spec.people_per_home})
    for name in ("email", "phone"):
        db.execute(CONTACTS.format(name=name), {"most_people_per_contact": spec.most_people_per_contact})


def _link(db: Any, spec: HouseholdSpec, rules: list[tuple[Any, ...]]) -> None:
    """`links`: person_id, value, rule, because; who has one value under one rule fits. Values of one alone are left."""
    db.execute("create or replace temp table links (person_id varchar, value varchar, place integer, because varchar)")
    for place, rule in enumerate(rules):
        # beside a telephone or an e-mail a name needs no guard
        is_guarded = {"address", "last_name"} <= set(rule) and not {"email", "phone"} & set(rule)
        tables = {"address": "homes", "last_name": "names", "email": "emails", "phone": "phones"}
        held = ["named_homes" if is_guarded else tables["address"]] if "address" in rule else []
        held += [tables[part] for part in rule if part != "address" and not (is_guarded and part == "last_name")]
        joins = "".join(f" inner join {table} using (person_id)" for table in held[1:])
        value = " || '|' || ".join(f"{table}.value" for table in held)
        db.execute(
            f"""insert into links select person_id, any_value, {place}, $because from (
                select distinct person_id, {value} as any_value from {held[0]}{joins})
            qualify count(*) over (partition by any_value) > 1""",
            {"because": " and ".join(rule)},
        )


def _components(db: Any, people: str) -> pa.Table:
    """row, part of each person of `people` (SQL: row, person_id): the connected parts by `links`; part is the least
    row.
    """
    found = db.execute(f"select links.value, links.place, row from links inner join ({people}) as of using (person_id)")
    rows = found.to_arrow_table()
    every = db.execute(f"select row from ({people}) as of order by row").fetchnumpy()["row"].astype(np.int64)
    keys = rows.group_by(["place", "value"]).aggregate([]) if rows.num_rows else rows
    db.register("keys", keys.select(["place", "value"]).append_column("node", pa.array(np.arange(keys.num_rows))))
    db.register("linked", rows)
    joined = db.execute("select row, node from linked inner join keys using (place, value)").fetchnumpy()
    for name in ("keys", "linked"):
        db.unregister(name)
    size = int(every.max(initial=-1)) + 1
    one, other = joined["row"].astype(np.int64), joined["node"].astype(np.int64) + size
    matrix = coo_matrix((np.ones(len(one), dtype=np.int8), (one, other)), shape=(size + keys.num_rows,) * 2)
    label = connected_components(matrix, directed=False)[1][:size]
    least = np.full(int(label.max(initial=-1)) + 1, size, dtype=np.int64)
    np.minimum.at(least, label[every], every)
    return pa.table({"row": every, "part": least[label[every]]})


def _group(db: Any, spec: HouseholdSpec) -> None:
    """`today` of all who have a home; a group of too many falls apart."""
    found = _components(db, "select people.row, person_id from people inner join homes using (person_id)")
    db.register("found", found)
    db.execute(
        """create or replace temp table today as
        with sized as (select *, count(*) over (partition by part) as size from found), reasons as (
            select person_id, arg_min(because, place) as because from links group by person_id
        )
        select person_id as member, case when size <= $most then sized.part else row end as part, homes.value as place,
            case when size = 1 or size > $most then $alone else reasons.because end as because
        from sized inner join people using (row) inner join homes using (person_id)
        left join reasons using (person_id)""",
        {"most": spec.most_people, "alone": ALONE},
    )
    db.unregister("found")


def _attach(db: Any, spec: HouseholdSpec, rules: list[tuple[Any, ...]]) -> None:
    """Those without a home join the one household that they fit, or each other."""
    _link(db, spec, rules)
    found = _components(db, "select row, person_id from people anti join homes using (person_id)")
    db.register("found", found)
    db.execute(
        """insert into today
        with homeless as (select person_id, part from found inner join people using (row)), fits as (
            select homeless.part, min(today.part) as home, count(distinct today.part) as homes
            from homeless inner join links using (person_id)
            inner join links as theirs on links.value = theirs.value and links.place = theirs.place
            inner join today on theirs.person_id = today.member
            group by homeless.part
        ), sized as (select *, count(*) over (partition by part) as size from homeless), homes as (
            select part as home, count(*) as people from today group by part
        ), reasons as (select person_id, arg_min(because, place) as because from links group by person_id)
        select person_id, case when fits.homes = 1 then fits.home else sized.part end, null, reasons.because
        from sized left join fits using (part) left join homes using (home) inner join reasons using (person_id)
        where sized.size + case when fits.homes = 1 then homes.people else 0 end between 2 and $most""",
        {"most": spec.most_people},
    )
    db.unregister("found")


def _decide(db: Any, decisions: pa.Table) -> None:
    """Who a steward has put together is one household; who they have set apart, by the second one, is alone."""
    if not decisions.num_rows:
        return
    db.register("given", decisions)
    db.execute("create or replace temp table words as select * from given")
    db.unregister("given")
    same = db.execute(
        "select a.row as a, b.row as b from words inner join people as a on words.member_a = a.person_id"
        " inner join people as b on words.member_b = b.person_id where verdict = 'same'"
    ).fetchnumpy()
    today = db.execute("select row, part from today inner join people on member = person_id").fetchnumpy()
    size = db.execute("select count(*) from people").fetchone()[0]
    edges = (np.concatenate([today["row"], same["a"]]), np.concatenate([today["part"], same["b"]]))
    matrix = coo_matrix((np.ones(len(edges[0]), dtype=np.int8), edges), shape=(size, size))
    label = connected_components(matrix, directed=False)[1]
    least = np.full(len(label), size, dtype=np.int64)
    np.minimum.at(least, label, np.arange(size))
    db.register("found", pa.table({"row": np.arange(size), "part": least[label]}))
    db.execute(
        """create or replace temp table today as
        with named as (select distinct unnest([member_a, member_b]) as person_id from words where verdict = 'same'),
        apart as (select distinct member_b as person_id from words where verdict = 'different')
        select person_id as member, today.place,
            case when apart.person_id is null then found.part else -row - 1 end as part,
            case when apart.person_id is not null or named.person_id is not null then $steward else today.because end
            as because
        from found inner join people using (row) left join today on person_id = today.member
        left join named using (person_id) left join apart using (person_id)
        where today.member is not null or named.person_id is not null""",
        {"steward": STEWARD},
    )
    db.unregister("found")
