"""Days built apart give what one full build gives: late rows, repeated rows, lost rows, and a day built again."""

from datetime import date, datetime

from core.warehouse import connect

MONDAY, TUESDAY, WEDNESDAY = date(2026, 11, 16), date(2026, 11, 17), date(2026, 11, 18)
NOON = datetime(2026, 11, 16, 12)


def events(*message_ids):
    return [{"message_id": m, "type": "page", "anonymous_id": "d", "occurred_at": NOON} for m in message_ids]


def built(house, day):
    house.build(day, select="stg_segment_events__events int_events__unioned int_events__distinct")
    rows = house.rows("select event_key, _day, _slice_rows from intermediate.int_events__distinct")
    assert len({r["event_key"] for r in rows}) == len(rows)
    return {(r["event_key"].split(":")[1], r["_day"]) for r in rows}


def first_days(house, day):
    """What a full build would give, said in one query."""
    rows = house.rows(
        f"select message_id, min(_day) as d from raw.segment_events__events where _day <= '{day}' group by message_id"
    )
    return {(r["message_id"], r["d"]) for r in rows}


def test_late_repeated_forgotten_and_recomputed_days_all_end_as_one_full_build_would(house):
    table = "segment_events__events"
    house.land(table, MONDAY, events("a", "b", "b"))
    house.land(table, WEDNESDAY, events("b", "c", "late"))
    assert (
        built(house, WEDNESDAY)
        == first_days(house, WEDNESDAY)
        == {("a", MONDAY), ("b", MONDAY), ("c", WEDNESDAY), ("late", WEDNESDAY)}
    )

    house.land(table, TUESDAY, events("late", "d"))  # pulled afterwards: now Tuesday is where it came first
    assert built(house, WEDNESDAY) == first_days(house, WEDNESDAY) >= {("late", TUESDAY), ("d", TUESDAY)}

    house.land(table, MONDAY, events("e"))  # a day that grew
    assert built(house, WEDNESDAY) == first_days(house, WEDNESDAY) >= {("e", MONDAY), ("a", MONDAY)}

    assert built(house, TUESDAY) == first_days(house, TUESDAY)  # a past day knows nothing later

    with connect(house.settings, writer="raw") as db:  # `fairlead forget` takes rows away
        db.execute(f"delete from raw.{table} where message_id in ('a', 'late')")
    assert built(house, WEDNESDAY) == first_days(house, WEDNESDAY) == {
        ("b", MONDAY), ("e", MONDAY), ("d", TUESDAY), ("c", WEDNESDAY)
    }  # fmt: skip


def test_rows_that_take_an_earlier_day_leave_no_slice_as_it_was(house):
    """What was pulled for Wednesday by a slip is found to be Tuesday's: both days are built again."""
    table = "segment_events__events"
    house.land(table, WEDNESDAY, events("slip1", "slip2", "right"))
    built(house, WEDNESDAY)
    with connect(house.settings, writer="raw") as db:
        db.execute(f"update raw.{table} set _day = $1 where message_id in ('slip1', 'slip2')", [TUESDAY])
    assert built(house, WEDNESDAY) == first_days(house, WEDNESDAY) >= {("slip1", TUESDAY), ("right", WEDNESDAY)}


def test_a_second_build_of_the_same_day_changes_no_row(shop):
    def state():
        return {t: sorted(map(str, shop.rows(f"select * from {t}"))) for t in (
            "intermediate.int_events__distinct", "intermediate.int_messages__distinct",
             "intermediate.int_people__identifiers")}  # fmt: skip

    before = state()
    shop.build(date(2026, 11, 20), "identity")
    assert state() == before and all(before.values())
