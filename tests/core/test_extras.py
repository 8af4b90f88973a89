"""What a source file may not say of extra columns and own events is told with its file and line, all of it at once."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from connectors.check import check
from connectors.source_files import find_sources
from core.errors import ConfigError
from core.extras.columns import extras
from core.extras.ours import find_ours
from core.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
SHOP = """\
description: A shop
tables:
  orders: {kind: files, pattern: "*.csv", columns: {id: text, freight: number}}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Our own files by a link, and source files of one's own."""
    for folder in ("dbt_project/models/staging/shop", "dbt_project/macros", "connectors/sources", "models"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "dbt_project/macros/entities.sql").symlink_to(ROOT / "dbt_project/macros/entities.sql")
    for folder in ("marts", "intermediate"):
        (tmp_path / "dbt_project/models" / folder).symlink_to(ROOT / "dbt_project/models" / folder)
    (tmp_path / "models/churn_90d.yml").write_text("")
    for entity in ("orders", "people", "accounts"):
        (tmp_path / f"dbt_project/models/staging/shop/stg_shop__{entity}.sql").write_text("select 1")
    return tmp_path


def write(root: Path, text: str, name: str = "shop") -> None:
    (root / f"connectors/sources/{name}.yml").write_text(SHOP + dedent(text))


def mistakes(root: Path) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        extras(load_settings(root=root, home=root / "home"))
    return refused.value.mistakes


def test_without_a_declaration_nothing_is_read_or_passed_on(root):
    write(root, "")
    assert extras(load_settings(root=root, home=root / "home")) == {}


def test_the_names_that_are_taken_are_found_in_our_own_files():
    ours = find_ours(load_settings(root=ROOT))
    assert len(ours.entities) == 15 and ours.entities["orders"]["ordered_at"] == "timestamp"
    assert "is_sale" in ours.marts["orders"] and set(ours.entities) <= set(ours.marts)
    assert {"rfm_recency", "first_seen_at", "overdue_ratio", "churn_90d_decile"} <= set(ours.person)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("extra:\n  orders:\n    coupon: {type: text, class: ordinary, meaning: m}",
         "shop.yml:6: extra.orders.coupon: orders has a column of that name; give another."),
        ("extra:\n  orders:\n    is_sale: {type: boolean, class: ordinary, meaning: m}",
         "orders has a column of that name"),
        ("extra:\n  people:\n    lead_created_on: {type: date, class: ordinary, meaning: m}",
         "people has a column of that name; give another."),
        ("extra:\n  people:\n    rfm_recency: {type: integer, class: ordinary, meaning: m}",
         "rfm_recency is a column of marts.profiles; give another name."),
        ("extra:\n  orders:\n    x: {type: number, class: ordinary, meaning: m,"
         " aggregate: [{how: last, as: churn_90d}]}",
         "churn_90d is a column of models/churn_90d.yml; give the aggregate another name by `as`."),
        ("extra:\n  orders:\n    size: {type: text, class: ordinary, meaning: m, aggregate: [sum]}",
         "shop.yml:6: extra.orders.size: Value error, aggregate: sum needs a column of type integer, number, money, "
         "not text"),
        ("extra:\n  orders:\n    size: {type: text, class: ordinary, meaning: m, aggregate: [share]}",
         "share of a text needs values, min or max"),
        ("extra:\n  orders:\n    size: {type: integer, class: ordinary, meaning: m,"
         " aggregate: [{how: share, values: [big]}]}",
         "'big': no integer"),
        ("extra:\n  orders:\n    size: {type: integer, class: ordinary, meaning: m, aggregate: [{how: max, min: 1}]}",
         "values, min and max belong to count and share, not to max"),
        ("extra:\n  orders:\n    size: {type: integer, class: ordinary, meaning: m, aggregate: [sum, sum]}",
         "sum stands twice"),
        ("extra:\n  orders:\n    size: {type: integer, class: ordinary, meaning: m, aggregate: [median]}",
         "shop.yml:6: extra.orders.size.aggregate.0.how: Input should be 'last'"),
        ("extra:\n  accounts:\n    plan: {type: text, class: ordinary, meaning: m, aggregate: [last]}",
         "accounts takes no aggregate: its rows are of no person"),
        ("extra:\n  people:\n    plan: {type: text, class: ordinary, meaning: m, aggregate: [last]}",
         "people takes no aggregate: a person has one value, the newest"),
        ("extra:\n  people:\n    plan: {type: text, class: ordinary, meaning: m, known_at: updated_at}",
         "takes no known_at"),
        ("extra:\n  parcels:\n    plan: {type: text, class: ordinary, meaning: m}", "shop.yml:5: extra.parcels"),
        ("extra:\n  tickets:\n    team: {type: text, class: ordinary, meaning: m}",
         "no staging model gives it; write dbt_project/models/staging/shop/stg_shop__tickets.sql."),
        ("extra:\n  orders:\n    x: {type: text, class: ordinary, meaning: m, known_at: sent_at}",
         "known_at: orders has no day or instant 'sent_at'. It has: ordered_at."),
        ("extra:\n  orders:\n    x: {type: text, meaning: m}",
         "shop.yml:6: extra.orders.x: Value error, data_class is missing. Write one of identifier, contact, sensitive"),
        ("extra:\n  orders:\n    x: {type: text, class: ordinary, meaning: m}\n"
         "    x: {type: text, class: ordinary, meaning: m}",
         "shop.yml:7: x: stands twice; keep one."),
        ("events:\n  late: {count: [0], meaning: m}", "shop.yml:5: events.late.count.0"),
        ("events:\n  late: {count: [7, 7], meaning: m}", "7 stands twice"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_with_its_line(root, text, words):
    write(root, text)
    assert any(words in mistake for mistake in mistakes(root)), mistakes(root)


def test_two_sources_that_mean_different_things_by_one_name_are_told_where_each_stands(root):
    write(root, "extra:\n  orders:\n    size: {type: integer, class: ordinary, meaning: m}")
    write(root, "extra:\n  orders:\n    size: {type: text, class: personal, meaning: m}", "store")
    (root / "dbt_project/models/staging/shop/stg_store__orders.sql").write_text("select 1")
    assert mistakes(root) == [
        "connectors/sources/store.yml:6: extra.orders.size: type is text here and integer at "
        "connectors/sources/shop.yml:6; "
        "one name means one thing.",
        "connectors/sources/store.yml:6: extra.orders.size: data_class is sensitive here and behavioural at "
        "connectors/sources/shop.yml:6; one name means one thing.",
    ]


def test_two_columns_that_would_make_one_of_a_person_are_told(root):
    declaration = "size: {type: integer, class: ordinary, meaning: m, aggregate: [sum]}"
    write(root, f"extra:\n  orders:\n    {declaration}\n  order_lines:\n    {declaration}")
    (root / "dbt_project/models/staging/shop/stg_shop__order_lines.sql").write_text("select 1")
    assert mistakes(root) == [
        "connectors/sources/shop.yml:8: extra.order_lines.size: sum_size is another column at "
        "connectors/sources/shop.yml:6;"
        " give the aggregate another name by `as`."
    ]


def test_two_sources_that_agree_share_one_column(root):
    text = "extra:\n  orders:\n    size: {type: integer, class: ordinary, meaning: m, aggregate: [sum]}"
    write(root, text)
    write(root, text, "store")
    (root / "dbt_project/models/staging/shop/stg_store__orders.sql").write_text("select 1")
    assert [c["name"] for c in extras(load_settings(root=root, home=root / "home"))["person"]] == ["sum_size"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("extra:\n  orders:\n    group: {type: text, class: ordinary, meaning: m}",
         "not usable as column names: group"),
        ("extra:\n  orders:\n    Size: {type: text, class: ordinary, meaning: m}", "not usable as column names: Size"),
        ("events:\n  Late Delivery: {count: [7], meaning: m}", "not usable as event names: Late Delivery"),
        ("extra:\n  orders:\n    x: {type: text, class: ordinary, meaning: m, from: frieght}",
         "extra.orders.x: from: no table declares a column frieght"),
        ("extra:\n  orders:\n    x: {type: boolean, class: ordinary, meaning: m, from: freight}",
         "extra.orders.x: freight is number, which makes no boolean"),
    ],
)  # fmt: skip
def test_what_the_source_file_alone_shows_is_refused_by_every_command(root, text, words):
    write(root, text)
    with pytest.raises(ConfigError) as refused:
        find_sources(load_settings(root=root, home=root / "home"))
    assert words in str(refused.value) and "shop.yml:" in str(refused.value)


def test_doctor_tells_what_a_build_would(root):
    settings = load_settings(root=root, home=root / "home")
    write(root, "extra:\n  orders:\n    coupon: {type: text, class: ordinary, meaning: m}")
    told = {c["check"]: c for c in check(settings)}["extra columns"]
    assert not told["ok"] and "shop.yml:6: extra.orders.coupon" in told["detail"] and told["mend"]
    write(root, "extra:\n  orders:\n    size: {type: text, class: ordinary, meaning: m}")
    assert {c["check"]: c for c in check(settings)}["extra columns"]["ok"]


def test_the_examples_of_the_page_are_what_a_source_file_may_say(root):
    page = (ROOT / "docs/how_to/add_a_column.md").read_text()
    blocks = [
        block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if block.startswith(("extra", "events"))
    ]
    assert len(blocks) == 2
    (root / "dbt_project/models/staging/shop/stg_parcels__orders.sql").write_text("select 1")
    (root / "dbt_project/models/staging/shop/stg_parcels__people.sql").write_text("select 1")
    columns = "{freight: number, delivered: timestamp, days_late: integer, plan: text}"
    tables = f"description: d\ntables:\n  orders: {{kind: files, pattern: x, columns: {columns}}}\n"
    (root / "connectors/sources/parcels.yml").write_text(tables + "".join(blocks))
    find_sources(load_settings(root=root, home=root / "home"))
    assert {"sum_freight_value", "late_share", "plan", "delivery_late_30d"} <= {
        c["name"] for c in extras(load_settings(root=root, home=root / "home"))["person"]
    }


def test_a_source_in_python_is_told_to_declare_elsewhere(root):
    (root / "connectors/sources/many.py").write_text("SOURCE = {'description': 'd', 'tables': {}, 'extra': {}}\n")
    with pytest.raises(ConfigError, match=r"many.py:1: SOURCE: extra and events are read from .yml alone"):
        find_sources(load_settings(root=root, home=root / "home"))
