"""What the words of others are taken for: whole words, whatever their case and whatever parts them."""

import shutil
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from core.build import build
from core.settings import load_settings
from core.warehouse import connect

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("is_paid", "is_referral", "is_webinar", "is_fair", "is_form", "is_list", "is_nps", "is_closed_lead")
MEANING = {  # text -> what it is, of KINDS; of all others it is nothing
    "download": (), "Broadcast": (), "lead": (), "roadshow": (), "social": (), "Organic Social": (), "loaded": (),
    "paid_social": ("is_paid",), "PaidSearch": ("is_paid",), "Google Ads": ("is_paid",), "facebook-ad": ("is_paid",),
    "CPC": ("is_paid",), "display": ("is_paid",), "tradeshow": ("is_fair",), "Trade Show 2026": ("is_fair",),
    "trade_fair": ("is_fair",), "affair": (), "prevention": (), "Event": ("is_fair",), "platform": (),
     "information": (),
    "web_form": ("is_form",), "webinar": ("is_webinar",), "webinar_follow-up": ("is_webinar",), "journalist": (),
    "purchased_list": ("is_list",), "listing": (), "referral": ("is_referral",), "Word of mouth": ("is_referral",),
    "NPS": ("is_nps",), "nps_2026": ("is_nps",), "eNPS": (), "Net Promoter Score": ("is_nps",), "snaps": (),
    "Closed - Not Converted": ("is_closed_lead",), "CONVERTED": ("is_closed_lead",), "Open - Not Contacted": (),
    "lost": ("is_closed_lead",), "": (),
}  # fmt: skip
STOPS = {  # word of a message's event -> what it says: a word that nobody knows stops
    "unsubscribed": (
        "ManuallyDeactivated", "SubscriptionChange", "SuppressSending", "dropped", "suppressed", "blacklisted",
        "Remove me", "stop received", "reply stop", "no more emails", "removed", "left list", "unsusbcribe",
        "UNSUBCRIBED",
        "Abgemeldet",
        "d\u00e9sinscription", "baja", "\uff35nsubscribed", "\u00fcnsubscribed", "\u914d\u4fe1\u505c\u6b62",
        "gdpr_delete",
        "link_unsubscribe", "???", "", " ", "opened and left", "not delivered", "list-unsubscribe click", "opt_down",
    ),
    "complained": ("SpamComplaint", "marked as junk"),
    "bounced": (
        "failed permanent", "invalid_email", "undeliverable", "reject", "rejected", "blocked", "Hard Bounce", "bounce",
    ),
    None: (
        "sent", "opened", "Opened Email", "users.messages.email.Delivery", "emailSendScheduled", "deferred",
        "machine_open",
        "soft bounce", "Temporary failure", "transient_failure", "group_resubscribe", "gesendet", "ge\u00f6ffnet",
        "Cliqu\u00e9",
        "EMAIL_CLICKED", "delivery.delayed", "subscribed", "read", "sent ", "HS_Unbounce",
    ),
}  # fmt: skip
GENDERS = {
    "F": 1, "female": 1, "Woman": 1, "m": 0, "Male": 0, "diverse": 0, "unknown": None, "N/A": None, "": None,
    "weiblich": 1, " Frau": 1, "F\u00e9minin": 1, "mujer": 1, "\u5973": 1,
    "\u0436\u0435\u043d\u0441\u043a\u0438\u0439": 1, "m\u00e4nnlich": 0, "\u7537": 0,
    "2": 1, "1": 0, "9": None, "keine Angabe": None, "prefer-not_to say": None, "X": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    root = tmp_path_factory.mktemp("words")
    shutil.copytree(ROOT / "dbt_project/macros", root / "dbt_project/macros")
    for file in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / "dbt_project" / file, root / "dbt_project" / file)
    columns = ", ".join(f"{{{{ {kind}('said') }}}} as {kind}" for kind in KINDS)
    (root / "dbt_project/models").mkdir()
    others = ", ".join(
        f"{{{{ {macro}('said') }}}} as {name}"
        for macro, name in (("is_female", "is_female"), ("stopping_word", "stop"), ("is_hard_word", "is_hard"))
    )
    model = f"select said, {columns}, {others} from raw.words\n"
    (root / "dbt_project/models/read.sql").write_text("{{ config(schema='marts') }}\n" + model)
    settings = load_settings(root=root, home=tmp_path_factory.mktemp("home"))
    with connect(settings, writer="raw") as db:
        texts = [*dict.fromkeys([*MEANING, *GENDERS, *(word for words in STOPS.values() for word in words)]), None]
        db.load("raw.words", pa.table({"said": pa.array(texts, pa.string())}), mode="create")
    result = build(settings, date(2026, 3, 28))
    assert result.ok, result.failed
    with connect(settings) as db:
        return {row["said"]: row for row in db.query("select * from marts.read").to_pylist()}


@pytest.mark.parametrize("text", MEANING)
def test_a_text_is_taken_for_what_its_words_say(read, text):
    assert tuple(kind for kind in KINDS if read[text][kind]) == MEANING[text]


def test_whose_gender_is_not_known_is_neither_a_woman_nor_anybody_else(read):
    assert {text: read[text]["is_female"] for text in GENDERS} == GENDERS
    assert all(read[None][kind] is None for kind in (*KINDS, "is_female"))


def test_what_is_not_known_to_be_harmless_stops(read):
    for stop, words in STOPS.items():
        assert {word: read[word]["stop"] for word in words} == dict.fromkeys(words, stop)
    assert read[None]["stop"] == "unsubscribed", "an event without a word"
    assert {word for word in STOPS["bounced"] if not read[word]["is_hard"]} == {"bounce"}
