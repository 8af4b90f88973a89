"""A file without its header, or with another one, says so and lands nothing: where opt-outs come from, people would
stay included.
"""

import json
import sqlite3

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.again import again

OPT_OUTS = """
description: Who wants nothing any more
defaults: {{path: "{{home}}/in", url: "sqlite:///{{home}}/shop.sqlite"}}
tables:
  people:
    kind: {kind}
    max_reject_share: {share}
    columns:
      email: {{type: text, identifier: email}}
      customer: text
      reason: text
"""
GOOD = "email,customer,reason\nann@example.com,1,spam\n"


def opt_outs(project, kind: str = 'files\n    pattern: "{day}.csv"', more: str = "", share: float = 1):
    """The source, and a staging model that makes consents of it."""
    staging = project.root / "dbt_project/models/staging/people"
    staging.mkdir(parents=True, exist_ok=True)
    (staging / "stg_people__consents.sql").write_text("select 1 from {{ source('raw', 'people__people') }}")
    return project.source(OPT_OUTS.format(kind=kind, share=share) + more)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("bob@example.com,2,spam\n", "none of the declared"),
        ("cy@example.com,3,spam\ndee@example.com,4,spam\n", "none of the declared"),
        ("E-Mail;Nr;Why\neve@example.com;5;spam\n", "none of the declared"),
        ("E-Mail;Nr;Why\n", "none of the declared"),
        ("bob@example.com,2,email\n", "an address stands among"),
        ("Bob Smith,email,reason\nCy Jones,c@example.com,spam\n", "no column customer"),
        ("customer,reason\n2,spam\n", "no column email"),
        ("email,Nr,reason\nbob@example.com,2,spam\n", "is it the same?"),
    ],
)  # fmt: skip
def test_opt_outs_under_other_names_land_nothing_and_are_read_again_when_they_are_mended(project, content, word):
    opt_outs(project).data(content)
    entry = project.pull()
    assert word in entry["error"] and entry["rows_landed"] == 0 and project.raw() == []
    assert not any(value in json.dumps(entry) for value in ("bob@", "cy@", "Bob", "eve@"))
    project.data(GOOD)
    assert project.pull()["rows_landed"] == 1 and project.raw()[0]["email__normalised"] == "ann@example.com"


def test_the_same_is_asked_of_parquet_and_of_a_database(project):
    opt_outs(project, 'files\n    pattern: "{day}.parquet"')
    path = project.data("", "2026-03-02.parquet")
    pq.write_table(pa.table({"mail": ["bob@example.com"], "reason": ["spam"]}), path)
    assert "no column email" in project.pull()["error"]
    model = project.root / "dbt_project/models/staging/people/stg_people__consents.sql"
    model.write_text(model.read_text().replace("'", '"'))
    assert "no column email" in project.pull()["error"]  # in whatever quotes the model names its table
    opt_outs(project, "sql\n    table: people")
    with sqlite3.connect(project.home / "shop.sqlite") as shop:
        shop.execute("create table people (mail text, customer text, reason text)")
    assert "no column email, but m…l (4), which is new" in project.pull()["error"]


def test_opt_outs_without_a_column_that_names_nobody_land_with_a_warning(project):
    opt_outs(project).data("email,customer\nann@example.com,1\n")
    assert project.pull()["warnings"] == ["no column reason."]


def test_elsewhere_a_missing_column_and_a_new_one_are_a_warning(project):
    project.source().data("id,name,Shoe Size\n1,Ann,4\n")
    assert project.pull()["warnings"][0].endswith("kind, but S…e (9), which is new: is it the same?")


def test_a_table_without_its_key_lands_nothing_whatever_it_feeds(project):
    text = project.source().root.joinpath("connectors/sources/people.yml").read_text()
    project.source(text.replace("    columns:", "    key: [id]\n    columns:")).data("ID,name\n1,Ann\n")
    assert "no column id" in project.pull()["error"] and project.raw() == []


def test_a_json_row_without_any_declared_key_is_refused_and_the_address_in_it_still_says_no(project):
    opt_outs(project, 'files\n    pattern: "{day}.jsonl"').data(
        '{"email": "ann@example.com"}\n{"E-Mail": "Bob@example.com"}\n{}\n', "2026-03-02.jsonl"
    )
    entry = project.pull()
    assert entry["rows_rejected"] == 2, entry.get("error")
    assert {r["reason"] for r in project.rejects()} == {"none of the declared keys"}
    refused_rows = project.raw("email__normalised", "people__people__refused")
    assert "bob@example.com" in [row["email__normalised"] for row in refused_rows]


def test_json_in_which_every_identifier_has_gone_and_a_key_is_new_lands_nothing_until_that_is_declared(project):
    opt_outs(project, 'files\n    pattern: "{day}.jsonl"').data(
        '{"eMail": "bob@example.com", "reason": "spam"}\n', "2026-03-02.jsonl"
    )
    assert "no row has email, but e…l (5), which is new" in project.pull()["error"] and project.raw() == []
    opt_outs(project, 'files\n    pattern: "{day}.jsonl"', "      e_mail: {type: text, from: eMail}\n")
    assert project.pull()["rows_landed"] == 1


def test_an_address_that_stands_for_a_name_gets_into_no_answer_log_or_catalogue(project):
    opt_outs(project, 'files\n    pattern: "{day}.jsonl"').data(
        '{"email":"ann@example.com","ann.smith@example.com":{"clicked":true},"+447400123456":1,"on 2026-03-02":2}\n',
        "2026-03-02.jsonl",
    )
    entry = project.pull()
    assert entry["columns_added"] == ["column_2", "column_3", "on_2026_03_02"]
    assert project.raw("column_2, column_3")[0] == {"column_2": "1", "column_3": '{"clicked":true}'}
    log = project.rows("select detail from ops.runs")
    columns = project.rows("select column_name from information_schema.columns")
    assert not any(part in str([entry, log, columns]) for part in ("smith", "74001"))


def test_too_many_keys_are_told_without_them(project):
    keys = ", ".join(f'"ann{i}@example.com": {i}' for i in range(300))
    opt_outs(project, 'files\n    pattern: "{day}.jsonl"').data("{" + keys + "}\n", "2026-03-02.jsonl")
    assert "undeclared keys" in (error := project.pull()["error"]) and "ann0" not in error


def test_json_in_which_one_of_two_identifiers_has_gone_is_warned_of(project):
    opt_outs(project, 'files\n    pattern: "{day}.jsonl"', "      phone: {type: text, identifier: phone}\n").data(
        '{"email": "ann@example.com", "Mobile": "+447400123456"}\n', "2026-03-02.jsonl"
    )
    assert project.pull()["warnings"] == ["no row has phone, but M…e (6), which is new: is it the same?"]


WITHOUT_NAMES = """
description: Lines without a first line of names
defaults: {path: "{home}/in"}
tables:
  people:
    kind: files
    pattern: "{day}.tsv"
    quote: "\\x01"
    max_reject_share: 0.5
    header: [number, note, name, city]
    columns: {number: {type: integer, required: true}, name: text, town: {type: text, from: city}}
"""


def test_a_file_without_names_is_read_by_the_declared_header(project):
    project.source(WITHOUT_NAMES).data('1\t"x\tAnn\tBath\n2\t\tBo"b\t\n3\ttoo few\n', "2026-03-02.tsv")
    entry = project.pull()
    assert (entry["rows_in"], entry["rows_landed"], entry["rows_rejected"]) == (3, 2, 1)
    assert project.raw("number, name, town, _line") == [
        {"number": 1, "name": "Ann", "town": "Bath", "_line": 1},
        {"number": 2, "name": 'Bo"b', "town": None, "_line": 2},
    ]
    assert entry["columns_added"] == [] and project.rejects()[0]["reason"] == "2 fields where 4 are expected"


def test_a_column_that_is_declared_later_is_read_anew_into_the_same_rows(project):
    file = WITHOUT_NAMES.replace("{day}.tsv", "*.tsv")
    project.source(file).data("1\tx\tAnn\tBath\n2\ty\tBo\tYork\n", "a.tsv")
    project.pull()
    project.source(file.replace("name: text, town", "note: text, name: text, town"))
    result = again(project.settings, "people.people")
    assert result["ok"] and result["sources"][0]["read_anew"]["rows_known"] == 2, result
    assert project.raw("number, note") == [{"number": 1, "note": "x"}, {"number": 2, "note": "y"}]


def test_a_header_that_lacks_a_declared_column_is_refused(project):
    project.source(WITHOUT_NAMES.replace(", city]", "]")).data("1\tx\tAnn\n", "2026-03-02.tsv")
    assert "header has no city" in project.pull()["error"]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_undeclared_columns_are_left_where_the_file_says_so(project, kind):
    rows = [{"email": "ann@example.com", "customer": "1", "reason": "spam", "mood": "bad"}]
    source = OPT_OUTS.format(kind=f'files\n    pattern: "*.{kind}"\n    undeclared: leave', share=1)
    project.source(source)
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), project.data(b"", f"a.{kind}"))
    else:
        lines = ",".join(rows[0]) + "\n" + ",".join(rows[0].values()) if kind == "csv" else json.dumps(rows[0])
        project.data(lines + "\n", f"a.{kind}")
    entry = project.pull()
    assert (entry["rows_landed"], entry["columns_added"]) == (1, []), entry
    assert "mood" not in project.raw()[0] and project.raw()[0]["reason"] == "spam"
