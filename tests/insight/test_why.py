"""Who is asked for is found however they are written: by a number without its country, and by an id that was merged
away twice.
"""

from datetime import date, datetime

import pyarrow as pa
import pytest

from core.errors import ConfigError
from core.settings import Settings, load_settings
from core.warehouse import connect
from insight.why import why

DAY = date(2026, 3, 1)
PEOPLE = {"p_old": "email:ann@example.com", "p_other": "phone:+441134960000"}


@pytest.fixture
def settings(tmp_path) -> Settings:
    new_settings = load_settings(home=tmp_path, project={"default_country": "GB"})
    merged = [("p_first", "p_old", DAY, "record 1", "p_second"), ("p_second", "p_old", DAY, "record 2", "p_old")]
    names = ("merged_person_id", "person_id", "merged_day", "because", "merged_into")
    tables = {
        "identity.people": [{"person_id": p} for p in PEOPLE],
        "identity.merges": [dict(zip(names, row, strict=True)) for row in merged],
        "identity.person_identifiers": [
            {"identifier": i, "person_id": p, "kind": i.split(":")[0], "first_seen_day": DAY} for p, i in PEOPLE.items()
        ],
        "identity.record_people": [{"record_id": f"shop:{p}", "person_id": p} for p in PEOPLE],
        "marts.profiles": [{"person_id": p, "first_name": p} for p in PEOPLE],
        "marts.extra_columns": [{"table_name": "marts.profiles", "column_name": "late_share", "meaning": "Came late"},
                                {"table_name": "marts.orders", "column_name": "days_late", "meaning": "Days late"}],
        "marts.segment_membership": [{"segment": "s", "person_id": "p_old", "entered_day": DAY, "left_day": DAY,
                                      "decided_by": ""}],
        "marts.consents": [{"person_id": "p_old", "channel": "email", "purpose": "any", "status": "granted",
                            "occurred_at": DAY,
                            "wording_version": "1", "collected_by": "form"}],
        "marts.contactability": [{"person_id": "p_old", "channel": "email", "purpose": "any", "allowed": True,
                                  "reason": "allowed"}],
        "intermediate.int_consents__standing": [{"person_id": "p_old", "channel": "sms", "purpose": "any",
                                                 "stopped_at": DAY,
                                                 "stopped_for": "phone:+441134960000"}],
        "marts.audiences": [{"sync": "s__c", "person_id": "p_old", "included": True, "reason": "included"}],
        "activation.delivered": [{"sync": "s__c", "record_key": "p_old", "op": "add", "status": "delivered",
                                  "attempts": 1,
                                  "last_error": "", "updated_at": DAY}],
    }  # fmt: skip
    for table, rows in tables.items():
        with connect(new_settings, writer=table.split(".")[0]) as db:
            db.load(table, pa.Table.from_pylist(rows), mode="create")
    return new_settings


def test_whoever_was_merged_twice_leads_to_the_one_who_is_left(settings):
    result = why(settings, "p_first")
    assert result["person_id"] == "p_old"
    assert result["meanings"] == {"late_share": "Came late"}
    assert result["profile"] and result["identifiers"] and result["segments"] and result["deliveries"]


@pytest.mark.parametrize(
    "number", ["01134960000", "0113 496 0000", "+44 113 496 0000", " +441134960000 ", "phone:+441134960000"]
)
def test_a_number_is_read_as_it_lands_a_national_one_in_the_projects_country(settings, number):
    assert why(settings, number)["person_id"] == "p_other"


def test_an_address_is_found_however_it_is_written_and_nobody_says_what_to_give(settings):
    assert why(settings, " Ann@Example.com")["person_id"] == "p_old"
    german = load_settings(home=settings.home, project={"default_country": "DE"})
    with pytest.raises(ConfigError, match="read as one of DE"):
        why(german, "01134960000")


def test_what_has_a_date_alone_is_shown_as_that_date_and_never_as_the_evening_before(settings):
    midnight, stop = datetime(2026, 6, 30, 23), datetime(2026, 7, 2, 23)
    with connect(settings, writer="marts") as db:
        row = {"person_id": "p_old", "first_seen_at": midnight, "last_order_at": datetime(2026, 7, 1, 14, 3)}
        db.execute("drop table marts.profiles")
        db.load("marts.profiles", pa.Table.from_pylist([row]), mode="create")
    with connect(settings, writer="intermediate") as db:
        row = {"person_id": "p_old", "channel": "email", "purpose": "any", "stopped_at": stop, "stopped_for": "x"}
        db.execute("drop table intermediate.int_consents__standing")
        db.load("intermediate.int_consents__standing", pa.Table.from_pylist([row]), mode="create")
    result = why(settings, "p_old")
    assert result["profile"] == {"first_seen_at": date(2026, 7, 1), "last_order_at": datetime(2026, 7, 1, 14, 3)}
    assert result["consents"]["may_contact"][0]["stopped_at"] == date(2026, 7, 2), "said on the 2nd, stands to its end"
