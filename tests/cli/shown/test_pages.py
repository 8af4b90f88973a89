"""What a person reads of each command: every page from an object as the command gives it."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from cli.shown import check, comparison, data, delivery, layout, look, models, new, night, person

DAY = "2026-03-29"
SYNC = {"sync": "loyal__outbox", "channel": "outbox"}
ORPHAN = {"sync": "gone__outbox", "people": 1200, "channel": "outbox", "mend": "write the file again"}
PLAN = {
    "day": DAY,
    "saved": "plan.json",
    "orphans": [ORPHAN],
    "syncs": [
        SYNC
        | {
            "audience": 12345,
            "adds": 3,
            "updates": 1,
            "removes": 0,
            "unchanged": 12341,
            "held_back": 7,
            "api_calls": 2,
            "minutes": 0.25,
            "mapping_change": "email",
            "damage": "[the outbox] is empty",
            "fields_changed": {"email": 1},
            "sample": [
                {
                    "op": "update",
                    "record_key": "p[1]",
                    "reason": "changed",
                    "fields": {"email": {"from": None, "to": "a…"}},
                }
            ],
            "guards": [
                {"guard": "drop", "tripped": True, "detail": "80 %"},
                {"guard": "size", "tripped": False, "detail": "fine"},
            ],
        }
    ],
}
SUMMARY = {
    "day": DAY,
    "sources": [{"source": "shop", "rows_in": 5000, "landed": 4990, "rejected": 10, "unchanged": 0}],
    "rejects": [{"source": "shop", "table_name": "orders", "reason": "no total", "rows": 10}],
    "people": {"people": 5000, "customers": 4000, "leads": 1000, "records": 8135, "identifiers": 16151},
    "segments": [
        {"segment": "loyal", "people": 300, "entered": 3, "left_it": 1},
        {"segment": "lapsing_loyal", "people": 0, "entered": 0, "left_it": 0, "why_empty": "churn_90d_decile is NULL"},
    ],
    "models": [
        {"model": m, "figure": "auc", "value": 0.81, "rule": 0.7, "promoted": p, "reasons": r}
        for m, p, r in (("churn", True, None), ("value", False, ["too old", "too few"]), ("lead", False, "no data"))
    ],
    "channels": [SYNC | {"added": 3, "updated": 0, "removed": 0, "rejected": 0, "skipped": 0, "said": "done"}],
    "consents": [{"source": "shop", "kind": k, "statements": 4} for k in ("stated", "undated")],
    "held_back": [{"reason": "no consent", "people": 7, "syncs": 1}],
    "emptied": [{"detail": "an outbox is empty"}],
    "orphans": [ORPHAN],
    "ahead": ["raw.shop__orders is ahead"],
    "next_steps": ["look at the rejects"],
}
WHY = {
    "person_id": "p[1]",
    "profile": {"country": "GB", "phone": None, "late_share": 0.25},
    "meanings": {"late_share": "Parcels that came late", "last_seller": "Who sold it"},
    "provenance": [
        {
            "field": "country",
            "value": "GB",
            "source": "shop",
            "record_id": "shop:1",
            "said_at": DAY,
            "rule": "newest",
            "candidates": 2,
            "distinct_values": 1,
        }
    ],
    "identifiers": [{"identifier": "email:a@example.com", "first_seen_day": DAY}],
    "groups": {
        "household": {"household_id": "h_1"},
        "members": [{"person_id": "p[1]", "is_head": True, "because": "address and phone", "since_day": DAY}],
        "stays": [{"household_id": "h_0", "from_day": DAY, "until_day": DAY, "because": "alone"}],
        "account": {"name": "Acme", "linked_by": "domain", "parent": None},
    },
    "segments": [{"segment": "loyal", "entered_day": DAY, "left_day": None, "decided_by": {"lifetime_orders": 3}}],
    "scores": [
        {
            "model": "churn",
            "score": 0.1234,
            "decile": 3,
            "version": "1",
            "as_of_day": DAY,
            "reasons": ["visits", "orders"],
        }
    ],
    "consents": {
        "may_contact": [{"channel": "email", "purpose": "marketing", "allowed": False, "reason": "withdrawn"}]
    },
    "audiences": [{"sync": "loyal__outbox", "included": True, "reason": ""}],
    "deliveries": [{"sync": "loyal__outbox", "op": "add", "status": "delivered", "updated_at": DAY, "last_error": ""}],
    "events": [{"sync": "bought__outbox", "event_id": "e1", "occurred_at": DAY, "reason": "", "status": "delivered"}],
}
COMPARISON = {
    "day": DAY,
    "against": "main",
    "segments": [{"segment": "loyal", "before": 9, "after": 8, "adds": 0, "removes": 1}],
    "syncs": [],
}
PUSH = SYNC | {"outcome": "done", "attempted": 3, "accepted": 3, "rejected": 0, "in_doubt": 0, "skipped": 0}
COLLECTED = SYNC | {"delivered": 3, "removed": 0, "rejected": 0, "in_doubt": 0, "waiting": 2}

# page, object, words of it that stand on the page
PAGES: list[tuple[Callable[[Console, dict[str, Any]], None], dict[str, Any], tuple[str, ...]]] = [
    (
        data.pull,
        {
            "day": DAY,
            "stopped": "SIGTERM",
            "sources": [{"source": "shop", "table": "orders", "rows_in": 12345, "error": "no such file"}],
        },
        ("12,345", "shop.orders: error: no such file", "SIGTERM"),
    ),
    (
        data.build,
        {
            "day": DAY,
            "models": 90,
            "tests": 200,
            "seconds": 9.5,
            "failed": 1,
            "warned": 0,
            "failures": ["a [test] failed"],
            "warnings": [],
        },
        ("Built 90 models and ran 200 tests for 2026-03-29 in 9.5 s: 1 failed, 0 warned.", "  a [test] failed"),
    ),
    (
        models.train,
        {
            "day": DAY,
            "models": [{"model": "churn", "promoted": False, "metrics": {"auc": 0.81}, "reasons": ["too few"]}],
        },
        ("Trained for 2026-03-29", "auc 0.81", "too few", " no "),
    ),
    (
        models.score,
        {"day": DAY, "models": [{"model": "churn", "version": "3", "rows": 5000, "seconds": 1.5}]},
        ("5,000", "1.5"),
    ),
    (
        delivery.plan,
        PLAN,
        (
            "12,345",
            "the mapping has changed: email",
            "[the outbox] is empty",
            "update p[1] (changed): email: – → a…",
            "guard drop trips: 80 %",
            "1,200 people are still on outbox: write the file again.",
            "push --plan plan.json",
        ),
    ),
    (
        delivery.push,
        {"day": DAY, "syncs": [PUSH | {"error": "FL200 too slow", "damage": "an empty place", "place": "[in]/a.csv"}]},
        ("FL200 too slow", "an empty place", "[in]/a.csv"),
    ),
    (delivery.collected, {"syncs": [COLLECTED], "waiting": 2}, ("2 people are still under way.",)),
    (delivery.collected, {"syncs": [], "waiting": 0}, ("No job is under way.",)),
    (comparison.compared, COMPARISON, ("Every segment that changes against main", "loyal")),
    (comparison.markdown, COMPARISON, ("| `loyal` | 9 | 8 | +0 / −1 |",)),
    (
        night.run,
        {
            "day": DAY,
            "ok": False,
            "seconds": 3.2,
            "steps": [{"step": "pull", "ok": False, "seconds": 3.2, "error": "no file"}],
        },
        ("The night of 2026-03-29:", "FAILED in 3.2 s", "no file"),
    ),
    (
        night.summary,
        SUMMARY,
        (
            "5,000: 4,000 customers, 1,000 leads (in 8,135 records of people, with 16,151 identifiers)",
            "in use",
            "too old; too few",
            "no data",
            "undated",
            "an outbox is empty",
            "gone__outbox has no file",
            "raw.shop__orders is ahead",
            "1. look at the rejects",
        ),
    ),
    (
        night.rewind,
        {"day": DAY, "applied": False, "parts": [{"table": "raw.pulls", "rows": 3, "what": "deleted"}]},
        ("Would be taken back", "Nothing was changed. `fairlead rewind --day 2026-03-29 --apply` does it."),
    ),
    (night.rewind, {"day": DAY, "applied": True, "parts": []}, ("Nothing lies after 2026-03-29.",)),
    (
        person.why,
        WHY,
        (
            "p[1]",
            "Parcels that came late",
            "lifetime_orders 3",
            "0.123",
            "visits; orders",
            "withdrawn",
            "bought__outbox",
        ),
    ),
    (look.query, {"columns": ["n", "word"], "rows": [[1, "[a]"], [2, None]]}, ("[a]", "–", "2 rows")),
    (
        look.doctor,
        {"checks": [{"check": "disk", "ok": False, "detail": "full", "mend": "free some"}]},
        ("FAULT  disk", "mend: free some"),
    ),
    (
        new.written,
        {"ok": True, "files": ["activation/syncs/a__b.yml"], "next": "read its plan"},
        ("wrote activation/syncs/a__b.yml", "next: read its plan"),
    ),
    (
        check.check,
        {
            "source": "shop",
            "day": DAY,
            "tables": [],
            "joins": [],
            "identifiers": [],
            "people": {},
            "values": [],
            "nulls": [],
            "consents": [],
            "doubts": [],
            "revenue_from": ["shop__orders.total"],
            "revenue": [{"month": "2026-03", "orders": 3, "source": 1834.255, "staged": 1834.26, "difference": 0.0}],
        },
        ("1,834.26", "0.00"),
    ),
    (layout.facts, {"ok": True, "rows": 1200}, ("ok               yes", "rows             1,200")),
]


def page_text(page: Callable[[Console, dict[str, Any]], None], result: dict[str, Any]) -> str:
    console = Console(record=True, file=io.StringIO(), width=200)
    page(console, result)
    return console.export_text()


@pytest.mark.parametrize(("page", "result", "words"), PAGES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_page_says_what_the_object_holds(page, result, words) -> None:
    text = page_text(page, result)
    assert not [part for part in words if part not in text], text


def test_a_consent_that_is_in_no_doubt_is_not_listed_as_one() -> None:
    assert "stated" not in page_text(night.summary, SUMMARY)


def test_a_column_without_a_value_is_left_out_where_it_may_be() -> None:
    assert "under way" not in page_text(delivery.plan, PLAN)
    waiting = PLAN | {"syncs": [SYNC | {"waiting": 2}]}
    assert "under way" in page_text(delivery.plan, waiting)


def test_data_cannot_steer_a_terminal() -> None:
    text = page_text(new.written, {"files": ["a\x1b[31mb", "c\u202ed", "[bold]e[/bold]"]})
    assert text.split("\n")[:3] == ["wrote a\ufffd[31mb", "wrote c\ufffdd", "wrote [bold]e[/bold]"]
