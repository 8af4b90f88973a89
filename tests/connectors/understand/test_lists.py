"""Lists inside rows: the lines of an order and the consents of a customer are tables, taken apart by staging."""

import json

import pytest

from connectors.understand.scaffold import new_source
from core.errors import ConfigError


def shop(folder, customers=60, orders=120):
    """A document store's export: wrapped ids and times, amounts as text and as numbers, consents as a history."""
    folder.mkdir(parents=True)
    with (folder / "clients.jsonl").open("w") as file:
        for i in range(customers):
            said = [{"canal": "email", "choix": "oui", "le": {"$date": f"2024-01-{i % 28 + 1:02}T10:00:00.000Z"}}]
            said += [{"canal": "email", "choix": "non", "le": {"$date": "2024-06-01T10:00:00.000Z"}}] * (i % 3 == 0)
            record = {
                "_id": {"$oid": f"{i:024x}"},
                "prenom": "Zoé",
                "courriel": f"c{i}@example.fr",
                "consentements": said,
            }
            file.write(json.dumps(record) + "\n")
    total, lines = 0.0, 0
    with (folder / "commandes.jsonl").open("w") as file:
        for i in range(orders):
            items = [{"sku": f"T{(i + n) % 9}", "qte": n + 1, "prix": 3.5} for n in range(i % 3 + 1)]
            amount = sum(item["qte"] * item["prix"] for item in items)
            total, lines = total + amount, lines + len(items)
            worth = f"{amount:.2f}".replace(".", ",") if i < orders / 2 else amount
            record = {"num": f"CMD-{i:05}", "client": {"$oid": f"{i % customers:024x}"}, "articles": items,
                      "creation": {"$date": f"2024-0{i % 9 + 1}-11T10:00:00.000Z"}, "statut": "livrée",
                      "montant": {"ht": worth, "ttc": worth}}  # fmt: skip
            file.write(json.dumps(record) + "\n")
    return total, lines


def test_a_document_store_s_lists_are_lines_and_consents_that_build(company):
    total, lines = shop(company.home / "in" / "docs")
    result = new_source(company.settings, "docs", str(company.home / "in" / "docs"))
    assert result["entities"] == {
        "clients": "people", "commandes": "orders", "clients_consentements": "consents",
        "commandes_lines_articles": "order_lines",
    }  # fmt: skip
    assert result["trial"]["ok"], result["trial"]
    counts = result["trial"]["counts"]
    assert (counts["orders"]["rows"], counts["orders"]["people"], counts["order_lines"]["rows"]) == (120, 60, lines)
    assert round(counts["orders"]["revenue"], 2) == round(total, 2)
    assert counts["consents"]["rows"] == 20  # the noes; a yes waits to be confirmed
    staging = company.root / "dbt_project/models/staging/docs"
    assert "each_item('commandes_rows.articles', 'item')" in (staging / "stg_docs__order_lines.sql").read_text()
    source = (company.root / "connectors/sources/docs.yml").read_text()
    assert "articles: json" in source and "consentements: json" in source and "item_no" not in source


def test_a_yes_counts_once_somebody_answers_for_it(company):
    shop(company.home / "in" / "docs", customers=6, orders=8)
    result = new_source(company.settings, "docs", str(company.home / "in" / "docs"), confirmed_by="Ann O'Lee, 2026")
    assert result["trial"]["counts"]["consents"]["rows"] == 8
    text = (company.root / "dbt_project/models/staging/docs/stg_docs__consents.sql").read_text()
    assert "{% set confirmed_by = 'Ann O Lee, 2026' %}" in text


@pytest.mark.parametrize("nobody", ["", " ", "'", "1. 4. 2026", "—"])
def test_what_is_no_name_answers_for_no_yes(company, nobody):
    with pytest.raises(ConfigError, match="--confirmed-by holds no name"):
        new_source(company.settings, "docs", str(company.home), confirmed_by=nobody)


def test_a_key_of_a_list_is_no_code_of_a_template(company):
    """A key of an export that closes our quotes would be run by dbt, in the trial already."""
    there = company.home / "in" / "code" / "ran"
    code = f"x']) }}}} as x, {{{{ run_query(\"copy (select 1) to '{there}'\") }}}} {{{{ json_text('item', ['y"
    keys = [code, "it's", 'a "quote"', "{% odd", "back\\slash", "", "*"]
    (company.home / "in" / "code").mkdir(parents=True)
    with (company.home / "in" / "code" / "orders.jsonl").open("w") as file:
        for i in range(30):
            item = {"sku": f"A{i}", "quantity": 1, "price": 2.5} | dict.fromkeys(keys, f"held {i}")
            record = {"id": i, "email": f"p{i}@example.com", "created_at": "2026-03-02T10:00:00Z", "line_items": [item]}
            file.write(json.dumps(record) + "\n")
    result = new_source(company.settings, "code", str(company.home / "in" / "code"))
    assert result["trial"]["ok"], result["trial"]
    assert result["trial"]["counts"]["order_lines"]["rows"] == 30
    assert not there.exists()
