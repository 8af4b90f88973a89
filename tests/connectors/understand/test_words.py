"""The words by which tables, columns and what stands in them are known: each means one thing, in every language."""

from itertools import chain

import pytest

from connectors.understand.dictionary import FOLDER, folded, meanings, noun_of, parts, words_of
from connectors.understand.entities import ENTITIES, HELPERS
from connectors.understand.names import has_part, meanings_of

LANGUAGES = [
    "en", "de", "fr", "es", "pt", "it", "nl", "pl", "cs", "sv", "da", "nb", "fi", "hu", "ro", "tr", "hr", "ca",
    "ru", "uk", "el", "ja", "ko", "zh",
]  # fmt: skip
OF_VALUES_ALONE = ["ar", "he"]
FILES = sorted(FOLDER.glob("*.yml"))
MAIN = {
    "people": "record_id email phone first_name last_name full_name birth_date gender country city postal_code "
              "language created_at updated_at",
    "accounts": "name", "orders": "order_key ordered_at status currency revenue discount coupon channel",
    "order_lines": "order_key product_key product_name quantity unit_price revenue",
    "products": "product_key name category price", "consents": "channel purpose status occurred_at",
    "subscriptions": "plan status started_at cancelled_at", "tickets": "subject status created_at",
    "survey_answers": "score answer_text answered_at", "deals": "name stage status amount", "person": "customer",
}  # fmt: skip
TABLES = {
    "people": "customer user", "accounts": "account", "orders": "order invoice transaction donation",
    "order_lines": "order_line", "products": "product", "events": "event", "messages": "message",
    "consents": "consent refusal", "ad_spend": "ad", "deals": "deal", "subscriptions": "subscription",
    "tickets": "ticket", "survey_answers": "answer", "registrations": "registration",
    "other": "payment refund shipment address",
}  # fmt: skip
STATUSES = {
    "orders.status": "completed open cancelled", "deals.status": "won lost open",
    "subscriptions.status": "active cancelled expired", "tickets.status": "open closed",
    "consents.status": "granted withdrawn", "consents.purpose": "marketing profiling other",
    "consents.channel": "email sms push mail ads",
}  # fmt: skip
TOLD_BY_VALUES = {("people", "nome"), ("people", "personid")}  # a first name or a whole one, a human or a record
BOTH = [
    ("agreement", "refusal"),
    ("given", "taken"),
    ("agreement", "taken"),
    ("refusal", "given"),
    ("given", "changed"),
]


def leaves(node, path=()):
    """All leaves: (path, language, words)."""
    for name, below in node.items():
        if isinstance(below, dict):
            yield from leaves(below, (*path, name))
        else:
            yield path, name, str(below).split()


def meanings_by_word(named):
    """{word, folded: what it means} of (meaning, words)."""
    found = {}
    for meaning, words in named:
        for word in words:
            found.setdefault(folded(word), set()).add(meaning)
    return found


def test_within_an_entity_a_word_means_one_column():
    twice = {}
    for entity, columns in words_of("columns").items():
        named = [(c, [*chain(*(str(w).split() for w in ls.values())), c]) for c, ls in columns.items()]
        twice |= {(entity, word): c for word, c in meanings_by_word(named).items() if len(c) > 1}
    assert {word: columns for word, columns in twice.items() if word not in TOLD_BY_VALUES} == {}


@pytest.mark.parametrize("entity", ["orders", "deals", "subscriptions", "tickets", "consents"])
def test_a_word_of_a_status_means_one_thing(entity):
    for topic, by_meaning in words_of("statuses")[entity].items():
        named = [(path[0], words) for path, _, words in leaves(by_meaning)]
        assert {w: m for w, m in meanings_by_word(named).items() if len(m) > 1} == {}, topic


def test_a_table_s_name_means_one_kind_of_row():
    named = [(path, words) for path, _, words in leaves(words_of("tables"))]
    assert {word: kinds for word, kinds in meanings_by_word(named).items() if len(kinds) > 1} == {}


@pytest.mark.parametrize(("one", "other"), BOTH)
def test_no_part_of_a_name_says_yes_and_no(one, other):
    assert parts(one) & parts(other) == set()


@pytest.mark.parametrize(
    ("column", "entities"),
    [
        ("ad", {"people"}), ("cep", {"people"}), ("nem", {"people"}), ("tag", {"ad_spend"}), ("vare", {"order_lines"}),
        ("account_c", set()), ("list", set()), ("rate", set()), ("host", set()), ("campaign_flag", set()),
    ],
)  # fmt: skip
def test_a_common_word_of_another_language_means_no_more_than_it_does(column, entities):
    assert {entity for entity, _, _ in meanings_of(column)} == entities


def test_the_parts_are_those_that_names_are_read_by():
    assert set(words_of("parts")) == {
        "number", "amount", "beside", "time", "line", "agreement", "refusal", "marketing", "email", "sms", "mail",
        "mail_alone", "header", "changed", "given", "taken", "with", "without", "tax", "delivery", "whole", "credit",
        "partly",
    }  # fmt: skip


def test_no_word_is_empty_and_no_bare_yes_or_no_of_yaml_is_lost():
    for name in ("tables", "columns", "statuses", "parts"):
        for path, language, words in leaves(words_of(name)):
            assert language in ["any", *LANGUAGES, *OF_VALUES_ALONE], (name, path, language)
            assert words and all(folded(word) for word in words) and len(set(words)) == len(words), (path, language)
            assert not {"True", "False", "None"} & set(words), (path, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_the_main_words(language):
    columns, tables = words_of("columns"), words_of("tables")
    lacking = [f"{e}.{c}" for e, cs in MAIN.items() for c in cs.split() if language not in columns[e][c]]
    lacking += [f"{e}: {k}" for e, ks in TABLES.items() for k in ks.split() if language not in tables[e][k]]
    assert lacking == []


@pytest.mark.parametrize("language", [*LANGUAGES, *OF_VALUES_ALONE])
def test_each_language_has_the_words_of_a_status(language):
    lacking = []
    for path, known in STATUSES.items():
        entity, topic = path.split(".")
        if topic == "status":
            words = words_of("statuses")[entity][topic]
            lacking += [f"{path}.{meaning}" for meaning in known.split() if language not in words[meaning]]
    assert lacking == []


def test_what_columns_are_called_is_called_after_columns_that_there_are():
    for entity, columns in words_of("columns").items():
        if entity != "person":
            assert set(columns) <= set(ENTITIES[entity]) | set(HELPERS.get(entity, {})), entity
    for path, known in STATUSES.items():
        assert set(meanings(*path.split(".")).values()) - {"nothing"} == set(known.split()), path


def test_languages_stand_in_one_order_and_lines_are_short():
    order = ["any", *LANGUAGES, *OF_VALUES_ALONE]
    for file in FILES:
        assert [n for n, line in enumerate(file.read_text().splitlines(), 1) if len(line) > 120] == [], file.name
        by_path = {}
        for path, language, _ in leaves(words_of(file.stem)):
            by_path.setdefault(path, []).append(language)
        assert [p for p, given in by_path.items() if given != sorted(given, key=order.index)] == [], file.name


@pytest.mark.parametrize(
    ("table", "entity", "kind"),
    [
        ("zakaznici", "people", "customer"), ("ugyfelek", "people", "customer"), ("asiakkaat", "people", "customer"),
        ("musteriler", "people", "customer"), ("kunder", "people", "customer"), ("guest_profile", "people", "customer"),
        ("clientes", "people", "customer"), ("клиенты", "people", "customer"), ("顧客マスタ", "people", "customer"),
        ("constituents", "people", "customer"), ("uzivatele", "people", "user"), ("회원", "people", "member"),
        ("workspaces", "accounts", "account"), ("yritykset", "accounts", "account"), ("cegek", "accounts", "account"),
        ("objednavky", "orders", "order"), ("rendelesek", "orders", "order"), ("tilaukset", "orders", "order"),
        ("siparisler", "orders", "order"), ("ordrer", "orders", "order"), ("comenzi", "orders", "order"),
        ("narudzbe", "orders", "order"), ("παραγγελίες", "orders", "order"), ("订单", "orders", "order"),
        ("stays", "orders", "order"), ("rsv", "orders", "order"), ("fakturor", "orders", "invoice"),
        ("donations", "orders", "donation"), ("gifts", "orders", "donation"), ("spenden", "orders", "donation"),
        ("bestellpos", "order_lines", "order_line"), ("orderrader", "order_lines", "order_line"),
        ("polozky_objednavky", "order_lines", "order_line"), ("siparis_kalemleri", "order_lines", "order_line"),
        ("ord_dtl", "order_lines", "order_line"), ("注文明細", "order_lines", "order_line"),
        ("pos_transactions", "orders", "transaction"), ("termekek", "products", "product"),
        ("tuotteet", "products", "product"), ("varer", "products", "product"), ("urunler", "products", "product"),
        ("email_preferences", "consents", "consent"), ("mailinglijst", "consents", "consent"),
        ("mailing_list", "consents", "consent"), ("nl_subscribers", "consents", "consent"),
        ("samtykker", "consents", "consent"), ("souhlasy", "consents", "consent"),
        ("unsubscribe_list", "consents", "refusal"), ("suppression_list", "consents", "refusal"),
        ("uitschrijvingen", "consents", "refusal"), ("отписки", "consents", "refusal"),
        ("mailings", "messages", "message"), ("credit_note_lines", "other", "refund"),
        ("credit_notes", "other", "refund"), ("pledges", "other", "pledge"),
        ("elofizetesek", "subscriptions", "subscription"),
        ("arenden", "tickets", "ticket"), ("degerlendirmeler", "survey_answers", "answer"), ("ads", "ad_spend", "ad"),
    ],
)  # fmt: skip
def test_a_table_is_known_by_its_name(table, entity, kind):
    assert noun_of(table) == (entity, kind)


@pytest.mark.parametrize(
    ("column", "entity", "role"),
    [
        ("prijmeni", "people", "last_name"), ("Příjmení", "people", "last_name"), ("jmeno", "people", "first_name"),
        ("fornamn", "people", "first_name"), ("förnamn", "people", "first_name"), ("etternavn", "people", "last_name"),
        ("sukunimi", "people", "last_name"), ("vezeteknev", "people", "last_name"), ("prenume", "people", "first_name"),
        ("nume", "people", "last_name"), ("soyad", "people", "last_name"), ("ad", "people", "first_name"),
        ("prezime", "people", "last_name"), ("cognoms", "people", "last_name"), ("фамилия", "people", "last_name"),
        ("прізвище", "people", "last_name"), ("επώνυμο", "people", "last_name"), ("氏名", "people", "full_name"),
        ("성명", "people", "full_name"), ("姓名", "people", "full_name"), ("sahkoposti", "people", "email"),
        ("e-post", "people", "email"), ("foedselsdato", "people", "birth_date"), ("dob", "people", "birth_date"),
        ("syntymaaika", "people", "birth_date"), ("iranyitoszam", "people", "postal_code"),
        ("psc", "people", "postal_code"), ("pcode", "people", "postal_code"), ("cep", "people", "postal_code"),
        ("ctry", "people", "country"), ("orszag", "people", "country"), ("data", "orders", "ordered_at"),
        ("tilauspvm", "orders", "ordered_at"), ("дата_заказа", "orders", "ordered_at"), ("ccy", "orders", "currency"),
        ("vegosszeg", "orders", "revenue"), ("toplam_tutar", "orders", "revenue"), ("amt", "orders", "revenue"),
        ("金額", "orders", "revenue"), ("sleva", "orders", "discount"), ("rsv_no", "orders", "order_key"),
        ("cislo_objednavky", "orders", "order_key"), ("rendelesszam", "orders", "order_key"),
        ("mennyiseg", "order_lines", "quantity"), ("miktar", "order_lines", "quantity"),
        ("qty", "order_lines", "quantity"),
        ("egysegar", "order_lines", "unit_price"), ("styckpris", "order_lines", "unit_price"),
        ("prod_desc", "order_lines", "product_name"), ("opt_in_dt", "consents", "occurred_at"),
        ("suostumus", "consents", "status"), ("svrha", "consents", "purpose"), ("tutar", "deals", "amount"),
        ("emne", "tickets", "subject"), ("kundenr", "person", "customer"), ("musteri_no", "person", "customer"),
        ("gst_id", "person", "customer"), ("tenant_id", "people", "account_key"),
    ],
)  # fmt: skip
def test_a_column_is_known_by_its_name(column, entity, role):
    assert role in [r for e, r, _ in meanings_of(column) if e == entity]


@pytest.mark.parametrize(
    ("entity", "word", "meaning"),
    [
        ("orders", "Doručeno", "completed"), ("orders", "peruttu", "cancelled"),
        ("orders", "İptal Edildi", "cancelled"),
        ("orders", "visszaküldve", "cancelled"), ("orders", "Возврат", "cancelled"), ("orders", "已发货", "completed"),
        ("orders", "ملغي", "cancelled"), ("orders", "no-show", "cancelled"), ("orders", "beklemede", "open"),
        ("deals", "vunnet", "won"), ("subscriptions", "lejárt", "expired"), ("tickets", "Løst", "closed"),
        ("consents", "Evet", "granted"), ("consents", "nem", "withdrawn"), ("consents", "kyllä", "granted"),
        ("consents", "Да", "granted"), ("consents", "いいえ", "withdrawn"), ("consents", "否", "withdrawn"),
        ("consents", "לא", "withdrawn"), ("consents", "نعم", "granted"), ("consents", "T", "granted"),
        ("consents", "e", None), ("consents", "i", None), ("consents", "d", None),
    ],
)  # fmt: skip
def test_a_status_is_known_and_a_letter_of_two_languages_is_not(entity, word, meaning):
    assert meanings(entity).get(folded(word)) == meaning


def test_purposes_and_channels_of_consents_are_known():
    purposes, channels = meanings("consents", "purpose"), meanings("consents", "channel")
    assert [purposes[folded(w)] for w in ("Newsletter", "Werbung", "promotions", "pazarlama")] == ["marketing"] * 4
    assert [purposes[folded(w)] for w in ("profilování", "Profilbildung", "tracking")] == ["profiling"] * 3
    assert [purposes[folded(w)] for w in ("product news", "Terms of Use", "privacy_policy", "third parties")] == [
        "other"
    ] * 4
    assert [channels[folded(w)] for w in ("E-Mail", "SMS", "Push", "post", "Brief", "ads")] == [
        "email", "sms", "push", "mail", "mail", "ads",
    ]  # fmt: skip
    assert "whatsapp" not in channels and "mail" not in channels  # no text message; a letter here, an e-mail there


def test_the_days_of_a_list_are_told_apart_by_their_parts():
    given = ["subscribed_on", "ingeschreven_op", "angemeldet_am", "granted_at", "optin_date", "inscrit_le"]
    taken = ["unsubscribed_on", "uitgeschreven_op", "abgemeldet_am", "withdrawn_at", "desinscrit_le", "wypisano"]
    changed = ["changed_at", "gewijzigd_op", "geändert_am", "modifie_le", "zmeneno", "andrad"]
    assert [has_part(c, "given") for c in given + taken + changed] == [True] * 6 + [False] * 12
    assert [has_part(c, "taken") for c in given + taken + changed] == [False] * 6 + [True] * 6 + [False] * 6
    assert all(has_part(c, "changed") for c in changed) and has_part("ord_hdr", "header")
    assert all(has_part(c, "beside") for c in ("total_excl", "summe_exkl", "montant_hors", "importe_sin", "kwota_bez"))
    assert not has_part("total_gross", "beside") and has_part("total_gross", "amount")
