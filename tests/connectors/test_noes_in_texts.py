"""Of rows that cannot land as they stand, whoever is named in them is kept: a no may be among them."""

import hashlib
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.little_project import DAY, Project

from connectors.landing.addresses import addresses_in, phones_of

WISHES = """
description: Who wants what
defaults: {path: "{home}/in"}
tables:
  wishes:
    kind: files
    pattern: wishes.csv
    max_reject_share: 1
    key: [wish]
    columns:
      wish: text
      email: {type: text, identifier: email}
      phone: {type: text, identifier: phone}
      status: text
      said_at: timestamp
"""
HEADER, FOOTER = "wish,email,phone,status,said_at", "Total,,,,,,rows"
YES = "w1,ann@example.com,,granted,2026-01-01T09:00:00Z"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    model = tmp_path / "dbt_project/models/staging/people/stg_people__consents.sql"
    model.parent.mkdir(parents=True)
    model.write_text("select * from {{ source('raw', 'people__wishes') }}")
    return Project(tmp_path).source(WISHES)


def pull(project: Project, *lines: str, day: date = DAY) -> list[tuple[str | None, str | None]]:
    """The identifiers of the refused rows that nothing has put right."""
    project.data("\n".join([HEADER, *lines, ""]), "wishes.csv")
    project.pull(day)
    rows = project.rows("select * from raw.people__wishes__refused where _mended_day is null")
    return sorted(((row["email__normalised"], row["phone__normalised"]) for row in rows), key=str)


def test_a_footer_of_one_night_hides_no_torn_line_of_the_next(project: Project) -> None:
    assert pull(project, YES, FOOTER) == [(None, None)]
    torn = "w2,ann@example.com,,withdrawn,2026-03-03T09:00:00Z,one cell more"
    for day in (1, 2):
        refused = pull(project, YES, torn, FOOTER, day=DAY + timedelta(days=day))
        assert refused == [("ann@example.com", None), (None, None)]


def test_everybody_whom_a_torn_line_names_is_kept(project: Project) -> None:
    torn = "w2,clerk@shop.example,07400 123456,withdrawn,ann@example.com,one cell more"
    expected = [("ann@example.com", None), ("clerk@shop.example", "+447400123456")]
    assert pull(project, YES, torn) == expected
    assert pull(project, YES, torn, FOOTER, day=DAY + timedelta(days=1)) == [*expected, (None, None)]


def test_each_address_of_a_refused_rows_field_is_kept_once_until_the_row_is_put_right(project: Project) -> None:
    mails, phones = "ann@example.com; bob@example.com", "07400 123456 / 07400 123457"
    row = f"w2,{mails},{phones},withdrawn,yesterday"
    expected = [
        ("ann@example.com", None), ("bob@example.com", None), (None, "+447400123456"), (None, "+447400123457"),
        (None, None),
    ]  # fmt: skip
    assert pull(project, YES, row) == expected
    assert pull(project, YES, f"w3,x@example.com,,,{DAY}", row, day=DAY + timedelta(days=1)) == expected
    oldest = project.rows("select max(_day) as day from raw.people__wishes__refused")[0]["day"]
    assert oldest == DAY, "the same row of a later export is no younger"
    assert pull(project, YES, "w2,ann@example.com,,withdrawn,2026-03-01", day=DAY + timedelta(days=2)) == []


def test_a_number_in_the_field_of_an_address_and_the_other_way_round_is_whose_no_it_is(project: Project) -> None:
    assert pull(project, YES, "w2,07400 123456,,withdrawn,", "w3,,Bob <bob@example.com>,withdrawn,") == []
    rows = project.rows("select * from raw.people__wishes__refused order by wish")
    assert [(row["email__normalised"], row["phone__normalised"]) for row in rows] == [
        (None, "+447400123456"),
        ("bob@example.com", None),
    ]


@pytest.mark.parametrize(
    "text",
    ["A <a\u0301nn@example.com>", "ánn@example。com"],
)
def test_an_address_is_read_with_its_accents_and_its_full_stop(text: str) -> None:
    assert addresses_in(text) == ["ánn@example.com"], "nn@example.com is somebody else's mailbox"


@pytest.mark.parametrize(
    "text",
    [
        "7400123456.0",
        "7400123456,00",
        "Ann07400123456",
        "07400 123456 2026-03-02",
        "07400_123456",
        "(7400) 123456 home",
    ],
)
def test_a_telephone_number_is_found_without_its_zero_and_beside_anything(text: str) -> None:
    assert phones_of(text, "GB") == ["+447400123456"]


def test_a_hash_or_a_moment_holds_no_telephone_number() -> None:
    hashes = (hashlib.sha256(str(n).encode()).hexdigest() for n in range(300))
    assert not any(phones_of(text, "GB") for text in (*hashes, "2026-03-02T07:40:01.234567Z"))
