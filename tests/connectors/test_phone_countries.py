"""A number without a country's code is read as one of its person's country; what it was called before is kept."""

from datetime import date

from connectors.again import again
from connectors.pull import pull

SOURCE = """
description: People of several countries
defaults: {path: "{home}/in"}
tables:
  people:
    kind: files
    pattern: "{day}.csv"
    key: [id]
    max_reject_share: 0.5
    columns:
      id: {type: text, required: true}
      phone: {type: text, identifier: phone}
      land: text
"""
WITH_COUNTRY = SOURCE.replace("identifier: phone}", "identifier: phone, country: land}")
DAY = date(2026, 3, 2)
ROWS = (
    "id,phone,land\n1,030 901820,Germany\n2,020 7183 8750,\n3,+4930901820,GB\n4,01 53 59 86 00,fr\n5,0207 183 8750,xx\n"
)


def phones(project):
    rows = project.rows("select id, phone__normalised as phone from raw.people__people order by id")
    return {row["id"]: row["phone"] for row in rows}


def test_a_number_is_read_by_its_persons_country_and_else_by_the_projects(project):
    project.source(WITH_COUNTRY).data(ROWS)
    project.pull()
    assert phones(project) == {"1": "+4930901820", "2": "+442071838750", "3": "+4930901820", "4": "+33153598600",
                               "5": "+442071838750"}  # fmt: skip


def test_a_declared_country_changes_nothing_by_itself_and_a_new_reading_keeps_the_former_form(project):
    project.source().source(SOURCE).data(
        "id,phone,land\n1,020 8366 1177,Germany\n2,020 7183 8750,GB\n3,020 7183 8750,Germany\n"
    )
    project.pull()
    before = phones(project)
    assert before == {"1": "+442083661177", "2": "+442071838750", "3": "+442071838750"}
    project.source(WITH_COUNTRY)
    pull(project.settings, DAY, ["people"])
    assert phones(project) == before, "identities stay until the table is read anew"
    again(project.settings, "people.people")
    assert phones(project) == before | {"1": "+492083661177"}, "what is no number in Germany keeps the form it had"
    again(project.settings, "people.people")
    kept = project.rows("select former, current_identifier from raw.respelt_identifiers")
    assert kept == [{"former": "phone:+442083661177", "current_identifier": "phone:+492083661177"}]


def test_a_country_that_is_no_column_or_of_no_number_is_refused(project):
    for text, mistake in (
        (WITH_COUNTRY.replace("country: land", "country: nation"), "nation"),
        (SOURCE.replace("land: text", "land: {type: text, country: id}"), "kind phone"),
    ):
        project.source(text)
        result = pull(project.settings, DAY)
        assert mistake in result["sources"][0]["error"]
