"""Shops in schemas and languages of their own: what `fairlead new source` must understand without being told."""

import csv
import hashlib
import random
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Rows = list[dict[str, Any]]
ORDERS = 400


def marketplace(seed: int = 7) -> dict[str, Rows]:
    """A Brazilian marketplace's tables as its published sample has them: an order has a customer number of its own."""
    random.seed(seed)
    people = [_code(f"person{i}") for i in range(330)]
    tables: dict[str, Rows] = {f"olist_{name}_dataset": [] for name in (
        "orders", "customers", "order_items", "order_payments", "order_reviews", "products", "sellers", "geolocation"
    )} | {"product_category_name_translation": [], "olist_marketing_qualified_leads_dataset": [],
          "olist_closed_deals_dataset": []}  # fmt: skip
    products = [_code(f"product{i}") for i in range(60)]
    sellers = [_code(f"seller{i}") for i in range(20)]
    categories = ["beleza_saude", "cama_mesa_banho", "esporte_lazer"]
    for product in products:
        tables["olist_products_dataset"].append({
            "product_id": product, "product_category_name": random.choice(categories), "product_name_lenght": 40,
            "product_description_lenght": 300, "product_photos_qty": 1, "product_weight_g": 300,
        })  # fmt: skip
    for category in categories:
        tables["product_category_name_translation"].append(
            {"product_category_name": category, "product_category_name_english": category.replace("_", " ")}
        )
    for seller in sellers:
        tables["olist_sellers_dataset"].append(
            {"seller_id": seller, "seller_zip_code_prefix": "13023", "seller_city": "campinas", "seller_state": "SP"}
        )
    for i in range(200):
        tables["olist_geolocation_dataset"].append({
            "geolocation_zip_code_prefix": f"{1000 + i % 90:05}", "geolocation_lat": -23.5 + i / 1000,
            "geolocation_lng": -46.6, "geolocation_city": "sao paulo", "geolocation_state": "SP",
        })  # fmt: skip
    words = ["delivered"] * 30 + ["shipped", "canceled", "unavailable", "invoiced", "processing", "created", "approved"]
    for i in range(ORDERS):
        order, customer, status = _code(f"order{i}"), _code(f"customer{i}"), random.choice(words)
        bought = datetime(2017, 1, 5) + timedelta(hours=i * 37, minutes=i % 60, seconds=i % 53)
        person = people[i] if i < len(people) else random.choice(people)
        tables["olist_customers_dataset"].append({
            "customer_id": customer, "customer_unique_id": person, "customer_zip_code_prefix": f"{1000 + i % 90:05}",
            "customer_city": random.choice(["sao paulo", "rio de janeiro", "curitiba"]),
            "customer_state": random.choice(["SP", "RJ", "PR"]),
        })  # fmt: skip
        tables["olist_orders_dataset"].append({
            "order_id": order, "customer_id": customer, "order_status": status,
            "order_purchase_timestamp": bought.isoformat(" "),
            "order_approved_at": (bought + timedelta(hours=1)).isoformat(" "),
            "order_delivered_carrier_date": (bought + timedelta(days=2)).isoformat(" "),
            "order_delivered_customer_date":
                "" if status == "canceled" else (bought + timedelta(days=9)).isoformat(" "),
            "order_estimated_delivery_date": (bought + timedelta(days=20)).strftime("%Y-%m-%d 00:00:00"),
        })  # fmt: skip
        total = 0.0
        for item in range(1, random.choice([2, 2, 2, 3, 4])):
            price, freight = round(random.uniform(10, 300), 2), round(random.uniform(5, 30), 2)
            total += price + freight
            tables["olist_order_items_dataset"].append({
                "order_id": order, "order_item_id": item, "product_id": random.choice(products),
                "seller_id": random.choice(sellers), "shipping_limit_date": (bought + timedelta(days=4)).isoformat(" "),
                "price": price, "freight_value": freight,
            })  # fmt: skip
        tables["olist_order_payments_dataset"].append({
            "order_id": order, "payment_sequential": 1, "payment_type": random.choice(["credit_card", "boleto"]),
            "payment_installments": random.randint(1, 8), "payment_value": round(total, 2),
        })  # fmt: skip
        if i % 10:
            tables["olist_order_reviews_dataset"].append({
                "review_id": _code(f"review{i // 2 if i % 50 == 1 else i + 1000}"), "order_id": order,
                "review_score": random.choice([5, 5, 5, 4, 4, 3, 1]), "review_comment_title": "",
                "review_comment_message": random.choice(["", "Muito bom", "Chegou tarde"]),
                "review_creation_date": (bought + timedelta(days=10)).strftime("%Y-%m-%d 00:00:00"),
                "review_answer_timestamp": (bought + timedelta(days=12)).isoformat(" "),
            })  # fmt: skip
    for i in range(120):
        lead = _code(f"lead{i}")
        tables["olist_marketing_qualified_leads_dataset"].append({
            "mql_id": lead, "first_contact_date": f"2017-{i % 12 + 1:02}-11", "landing_page_id": _code(f"page{i % 9}"),
            "origin": random.choice(["organic_search", "paid_search", "social"]),
        })  # fmt: skip
        if i % 8 == 0:
            tables["olist_closed_deals_dataset"].append({
                "mql_id": lead, "seller_id": sellers[i // 8 % 20], "sdr_id": _code("sdr"), "sr_id": _code("sr"),
                "won_date": f"2018-{i % 12 + 1:02}-20 10:00:00", "business_segment": "pet",
                "lead_type": "online_medium", "declared_monthly_revenue": 0.0,
            })  # fmt: skip
    return tables


def german(seed: int = 8) -> dict[str, Rows]:
    """Kunden, Bestellungen, Positionen, Artikel: decimal commas, German dates, umlauts, a column with its own key."""
    random.seed(seed)
    kunden, bestellungen, positionen, artikel = [], [], [], []
    kunden += [
        {
            "Kundennummer": 10001 + i, "Anrede": random.choice(["Herr", "Frau"]), "Vorname": f"Jürgen{i}",
            "Nachname": "Müßig", "E-Mail-Adresse": f"juergen{i}@example.de", "Straße": f"Hauptstraße {i}",
            "PLZ": f"0{1067 + i % 30}", "Ort": random.choice(["Dresden", "Görlitz"]), "Land": "DE",
            "Telefonnummer": f"+49351{1000000 + i}", "Newsletter": random.choice(["ja", "nein"]),
            "Angelegt am": f"{i % 28 + 1:02}.{i % 12 + 1:02}.2023", "Status": random.choice(["aktiv", "gesperrt"]),
        } for i in range(150)
    ]  # fmt: skip
    artikel += [{"Artikel-Nr": f"A-{i:04}", "Bezeichnung": f"Schraube Größe {i}", "Warengruppe": "Eisenwaren",
                 "Verkaufspreis": _comma(3 + i / 4)} for i in range(50)]  # fmt: skip
    for i in range(300):
        total = 0.0
        for p in range(random.randint(1, 3)):
            pieces, price = random.randint(1, 5), round(random.uniform(1, 80), 2)
            total += pieces * price
            positionen.append({"Bestellnummer": f"B{2023000 + i}", "Position": p + 1,
                               "Artikel-Nr": f"A-{(i + p) % 50:04}", "Menge": pieces,
                               "Einzelpreis": _comma(price)})  # fmt: skip
        bestellungen.append({
            "Bestellnummer": f"B{2023000 + i}", "Kunden-Nr": 10001 + i * 7 % 150,
            "Bestelldatum": f"{i % 28 + 1:02}.{i % 12 + 1:02}.2024 10:{i % 60:02}",
            "Bestellstatus": random.choice(["versendet", "bezahlt", "storniert", "zurückgestellt"]),
            "Gesamtbetrag": _comma(total), "Währung": "EUR",
        })  # fmt: skip
    return {"Kundenstamm": kunden, "Bestellungen": bestellungen, "Bestellpositionen": positionen, "Artikel": artikel}


def french(seed: int = 9) -> dict[str, Rows]:
    """Guests without a customer number, a person known in orders by e-mail alone, amounts in cents."""
    random.seed(seed)
    clients = [{
        "id": 500 + i, "prenom": f"Zoé{i}", "nom": "Lefèvre", "courriel": f"zoe{i}@example.fr", "code_postal": "75011",
        "ville": "Paris", "pays": "FR", "date_inscription": f"2023-{i % 12 + 1:02}-{i % 28 + 1:02}T09:00:00",
        "accepte_newsletter": i % 3 == 0, "date_naissance": f"19{60 + i % 40}-05-0{i % 9 + 1}",
    } for i in range(120)]  # fmt: skip
    commandes, lignes = [], []
    for i in range(260):
        client = None if i % 10 == 0 else 500 + i * 11 % 120
        cents = 0
        for ligne in range(1, random.randint(2, 4)):
            quantite, prix = random.randint(1, 3), random.randint(300, 9000)
            cents += quantite * prix
            lignes.append({"id_commande": f"C-{i:05}", "no_ligne": ligne, "reference_produit": f"P{i % 30:03}",
                           "designation": f"Café n° {i % 30}", "quantite": quantite,
                           "prix_unitaire_cents": prix})  # fmt: skip
        commandes.append({
            "reference": f"C-{i:05}", "id_client": client,
            "courriel": f"invite{i}@example.fr" if client is None else f"zoe{client - 500}@example.fr",
            "date_commande": f"2024-{i % 12 + 1:02}-{i % 28 + 1:02}T1{i % 10}:00:00",
            "statut": random.choice(["livrée", "expédiée", "annulée", "remboursée"]), "montant_total_cents": cents,
            "devise": "EUR",
        })  # fmt: skip
    return {"clients": clients, "commandes": commandes, "lignes_commande": lignes}


def polish(seed: int = 11) -> dict[str, Rows]:
    """Words that bend, gross amounts, lines whose key is the order's number and a place in it; for code page 1250."""
    random.seed(seed)
    klienci = [{
        "id_klienta": 1 + i, "imię": random.choice(["Łukasz", "Małgorzata", "Żaneta"]), "nazwisko": "Wiśniewska",
        "e_mail": f"klient{i}@example.pl", "miasto": "Kraków", "data_rejestracji": f"{i % 28 + 1:02}.03.2024",
        "zgoda_marketingowa": "TAK" if i % 3 else "NIE",
    } for i in range(90)]  # fmt: skip
    zamowienia, pozycje = [], []
    for i in range(200):
        number, total = f"Z/2024/{i:05}", 0.0
        for lp in range(1, 2 + i % 3):
            price, pieces = random.choice([19.9, 45.5, 129.0]), random.randint(1, 3)
            total += price * pieces
            pozycje.append({"nr_zamówienia": number, "lp": lp, "kod_produktu": f"PR{i % 20:03}", "ilość": pieces,
                            "cena": _comma(price)})  # fmt: skip
        zamowienia.append({
            "nr_zamówienia": number, "id_klienta": 1 + i * 7 % 90,
            "data_zamówienia": f"{i % 28 + 1:02}.{i % 12 + 1:02}.2024 10:{i % 60:02}",
            "status": random.choice(["zrealizowane", "anulowane", "w realizacji"]), "wartość_brutto": _comma(total),
            "podatek_vat": _comma(total * 0.23), "waluta": "PLN",
        })  # fmt: skip
    return {"klienci": klienci, "zamówienia": zamowienia, "pozycje_zamówień": pozycje}


def software(seed: int = 12) -> dict[str, Rows]:
    """Short names, cents, epochs, two currencies, people behind organisations; invoices are all that tells a sale."""
    random.seed(seed)
    users = [{"user_id": i, "org_id": f"org_{i % 12:02}", "mail": f"u{i}@example.com", "full_name": f"Ann Lee{i}",
              "created": 1_700_000_000_000 + i * 60_000, "newsletter_opt_in": i % 2}
             for i in range(1, 80)]  # fmt: skip
    return {
        "org": [{"org_id": f"org_{i:02}", "org_name": f"Org {i}", "web": f"https://org{i}.example"} for i in range(12)],
        "app_user": users,
        "invoice": [{
            "invoice_no": f"INV-{i:05}", "user_id": 1 + i * 13 % 79,
            "issued": f"2025-0{i % 9 + 1}-03T10:00:{i % 60:02}Z",
            "amount_cents": random.choice([900, 2900]), "cur": "USD" if i % 4 == 0 else "EUR",
            "state": "void" if i % 10 == 0 else "paid",
        } for i in range(240)],
        "sub": [{"sub_id": f"s{i}", "user_id": 1 + i, "plan": random.choice(["pro", "team"]), "state": "active",
                 "started": "2025-01-03 10:00:00", "mrr_cents": 2900} for i in range(40)],
        "support_case": [{"case_no": i, "user_id": 1 + i, "topic": "bug", "state": random.choice(["new", "solved"]),
                          "opened": f"2025-02-03 10:00:{i:02}"} for i in range(30)],
        "Event": [{"eid": f"e{i}", "uid": 1 + i % 79, "name": random.choice(["login", "export"]),
                   "ts": 1_735_700_000 + i * 3600} for i in range(300)],
    }  # fmt: skip


def gym(seed: int = 13) -> dict[str, Rows]:
    """No orders but payments, whose amounts bear a sign; consent as S and N; a number that is nearly a key."""
    random.seed(seed)
    members = [{"num_socio": 10_000 + (i if i % 50 else i - 1), "nombre": f"Ana María {i}", "apellidos": f"Ruiz {i}",
                "correo": f"socio{i}@example.es", "fecha_alta": f"{i % 28 + 1:02}/05/2024",
                "acepta_publicidad": random.choice("SN"), "id": i} for i in range(1, 151)]  # fmt: skip
    payments = [{"id_pago": i, "id_socio": 1 + i * 7 % 150, "fecha": f"{i % 28 + 1:02}/{i % 12 + 1:02}/2025",
                 "importe": f"{_comma(random.choice([29.9, 1039.9]))} €",
                 "estado": "devuelto" if i % 9 == 0 else "cobrado"} for i in range(400)]  # fmt: skip
    return {"socios": members, "pagos": payments}


def _code(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def _comma(amount: float) -> str:
    return f"{amount:.2f}".replace(".", ",")


def as_csv(tables: dict[str, Rows], folder: Path, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows({k: "" if v is None else v for k, v in row.items()} for row in rows)
    return folder


def as_sqlite(tables: dict[str, Rows], path: Path) -> str:
    """A database's address; no keys are declared in it."""
    with sqlite3.connect(path) as database:
        for name, rows in tables.items():
            columns = ", ".join(f'"{c}" {_type(rows, c)}' for c in rows[0])
            database.execute(f'create table "{name}" ({columns})')
            places = ", ".join("?" for _ in rows[0])
            database.executemany(f'insert into "{name}" values ({places})', map(_values, rows))
    database.close()
    return f"sqlite:///{path}"


def _values(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(None if v == "" else v for v in row.values())


def _type(rows: Iterable[dict[str, Any]], column: str) -> str:
    kinds = {type(row[column]) for row in rows if row[column] not in ("", None)}
    return "integer" if kinds <= {int, bool} else "real" if kinds == {float} else "text"
