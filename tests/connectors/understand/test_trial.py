"""What does not build is named with its staging model and the mend, and is not left where dbt would read it."""

from datetime import date

import pytest
from support import foreign_shops

from connectors.understand import mapping
from connectors.understand.scaffold import new_source


def test_a_model_that_a_mart_would_refuse_is_named_and_set_aside(company, monkeypatch):
    folder = foreign_shops.as_csv(foreign_shops.french(), company.home / "in" / "boutique")
    finish = mapping.Mapper._finish

    def without_status(self, part):
        finish(self, part)
        if part.entity == "orders":
            part.columns["status"] = "cast(null as varchar)"
        if part.entity == "products":
            part.columns["name"] = "no_such_column"

    monkeypatch.setattr(mapping.Mapper, "_finish", without_status)
    result = new_source(company.settings, "boutique", str(folder))
    assert not result["ok"] and {f["model"] for f in result["trial"]["failures"]} == {"stg_boutique__products"}
    staging = company.root / "dbt_project/models/staging/boutique"
    assert (staging / "stg_boutique__products.sql.failed").is_file()
    assert "stg_boutique__products.sql" in result["trial"]["failures"][0]["mend"]


@pytest.mark.parametrize(
    "files",
    [
        {"customers.csv": "id,email\n"},
        {"a.csv": "x\n", "b.csv": "", "c.jsonl": ""},
        {"клиенты.csv": "номер,почта\n1,a@example.com\n2,b@example.com\n"},
        {"orders.jsonl": '{"id": 1, "customer": {"id": 7, "email": "a@example.com"}, "line_items": [{"sku": "a"}],'
                         ' "total_price": "3.50", "created_at": "2026-01-01T00:00:00Z"}\n'},
        {"a.csv": "id,id,ID\n1,2,3\n"},
        {"deep.jsonl": '{"id": 1, "email": "a@example.com"}\n{"id": ' + "[" * 200_000 + "]" * 200_000 + "}\n"},
    ],
    ids=["header alone", "empty", "another script", "nested", "one name three times", "nested 200,000 deep"],
)  # fmt: skip
def test_odd_data_is_understood_as_far_as_it_goes_and_told(project, files):
    for name, text in files.items():
        project.data(text, f"odd/{name}")
    result = new_source(project.settings, "odd", str(project.home / "in" / "odd"), is_tried=False)
    assert result["ok"] and (result["doubts"] or result["entities"] == {"people": "people"})
    from connectors.pull import pull

    assert pull(project.settings, date(2026, 3, 2), ["odd"])["ok"]


def test_two_different_rows_of_one_key_in_one_pull_are_told_and_two_equal_ones_are_not(project):
    source = """
description: Rows
defaults: {path: "{home}/in"}
tables:
  people:
    kind: files
    pattern: "*.csv"
    key: [id]
    columns: {id: {type: text, required: true}, name: text}
"""
    project.source(source).data("id,name\n1,Ann\n1,Bo\n2,Cy\n2,Cy\n", "a.csv")
    (warning,) = [w for w in project.pull()["warnings"] if "different rows" in w]
    assert warning.startswith("1 keys (id)")
    project.data("id,name\n1,Dee\n", "b.csv")
    assert not [w for w in project.pull(date(2026, 3, 3))["warnings"] if "different rows" in w]


def test_words_of_the_data_are_no_code_of_a_template(company):
    """A status, a channel and a consent with braces: each is a word of a dictionary once its signs are off."""
    words = {"status": ["{{ completed }}", "cancelled {#", "{%-refunded", "paid'"],
             "consent": ["{{ granted }}", "{%-unsubscribed", "opt-in'", "no {#"],
             "channel": ["{{email}}", "{#sms", "e'mail", "push"]}  # fmt: skip
    orders = "".join(f"{i},p{i % 7}@example.com,2026-03-02,1{i}.50,{words['status'][i % 4]}\n" for i in range(24))
    company.data("order_id,email,order_date,total,status\n" + orders, "words/shop_orders.csv")
    said = "".join(
        f"c{i},p{i % 7}@example.com,{words['consent'][i % 4]},{words['channel'][i % 4]},marketing,2026-03-02T10:00Z\n"
        for i in range(24)
    )
    company.data("consent_id,email,consent_status,channel,purpose,created_at\n" + said, "words/consents.csv")
    result = new_source(company.settings, "words", str(company.home / "in" / "words"), confirmed_by="{{ x }} 'Ann' %}")
    assert result["trial"]["ok"], result["trial"]
    assert result["trial"]["counts"]["orders"]["completed"] == 12
    assert result["trial"]["counts"]["consents"]["rows"] == 24


def test_a_model_that_dbt_cannot_read_keeps_no_other_build_from_running(company, monkeypatch):
    finish = mapping.Mapper._finish

    def with_an_open_brace(self, part):
        finish(self, part)
        part.columns["name"] = "'{#'"

    monkeypatch.setattr(mapping.Mapper, "_finish", with_an_open_brace)
    company.data(
        "product_id,product_name,price\n" + "".join(f"{i},Cup {i},2.5\n" for i in range(9)), "cups/products.csv"
    )
    result = new_source(company.settings, "cups", str(company.home / "in" / "cups"))
    assert not result["ok"] and result["trial"]["failures"][0]["model"] == "stg_cups__products", result
    assert not list((company.root / "dbt_project/models/staging/cups").glob("*.sql"))


def test_mail_events_without_a_message_number_pass_what_a_night_asks_of_them(company):
    people = "customer_no,email,newsletter\n1,p1@a.example,no\n2,p2@a.example,no\n3,p3@a.example,yes\n"
    company.data(people, "mail/customers.csv")
    company.data(
        "event_id,email,event,occurred_at,campaign\nm1,p1@a.example,sent,2026-03-01T10:00:00Z,spring\n"
        "m2,p2@a.example,unsubscribed,2026-03-01T10:00:00Z,spring\n", "mail/mail_events.csv",
    )  # fmt: skip
    answer = new_source(company.settings, "mail", str(company.home / "in" / "mail"))
    assert answer["ok"] and "messages" in answer["entities"].values(), answer["trial"]
