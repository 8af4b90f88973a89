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


def test_a_row_without_a_word_a_time_or_a_message_ends_no_night_and_is_there_once_it_is_put_right(house):
    """A night goes on without what cannot be counted, and a row that is mended under its key builds its slice anew."""
    mail = {"sg_message_id": "x", "email": "ann@example.com", "event": "open", "occurred_at": NOON}
    house.land("sendgrid_events__events", MONDAY, [
        {**mail, "sg_event_id": "right"}, {**mail, "sg_event_id": "wordless", "event": None},
        {**mail, "sg_event_id": "timeless", "occurred_at": None},
        {**mail, "sg_event_id": "single", "sg_message_id": None}])  # fmt: skip
    house.land("segment_events__events", MONDAY, [*events("a"), {**events("b")[0], "occurred_at": None}])
    names = " ".join(f"stg_{s}__{e} int_{e}__unioned int_{e}__distinct" for s, e in (
        ("sendgrid_events", "messages"), ("segment_events", "events")))  # fmt: skip

    def build():
        result = house.build(MONDAY, select=names)
        rows = house.rows("select message_event_key, message_key, event from intermediate.int_messages__distinct")
        return {r["message_event_key"].split(":")[1]: r for r in rows}, " ".join(result.warned)

    messages, told = build()
    assert set(messages) == {"right", "single"} and messages["single"]["message_key"] == "sendgrid_events:single"
    assert "messages_without_a_word_or_a_time" in told and "events_without_a_word_or_a_time" in told
    with connect(house.settings, writer="raw") as db:  # as `pull --again` puts a mended row right: nothing more
        again = "_row_key = _row_key || ':again'"
        db.execute(f"update raw.sendgrid_events__events set event = 'click', occurred_at = $1, {again}", [NOON])
        db.execute(f"update raw.segment_events__events set occurred_at = $1, {again}", [NOON])
    messages, told = build()
    assert {m["event"] for m in messages.values()} == {"clicked"} and len(messages) == 4 and "without" not in told
    assert house.one("select count(*) from intermediate.int_events__distinct") == 2


def test_a_table_of_an_earlier_version_is_built_anew(house):
    house.land("segment_events__events", MONDAY, events("a", "b"))
    built(house, MONDAY)
    with connect(house.settings, writer="intermediate") as db:
        db.execute("alter table intermediate.int_events__distinct drop column _slice_content")
    assert len(built(house, MONDAY)) == 2


def test_a_second_build_of_the_same_day_changes_no_row(shop):
    def state():
        return {t: sorted(map(str, shop.rows(f"select * from {t}"))) for t in (
            "intermediate.int_events__distinct", "intermediate.int_messages__distinct",
             "intermediate.int_people__identifiers")}  # fmt: skip

    before = state()
    shop.build(date(2026, 11, 20), "identity")
    assert state() == before and all(before.values())
