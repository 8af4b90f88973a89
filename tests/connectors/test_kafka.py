"""A topic of Kafka: what was sent lands once, and each pull goes on where the last one ended."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from support.sources.kafka_events import Cluster, cluster

from connectors.again import again
from connectors.kinds import brokers, kafka
from connectors.places import place_of
from connectors.reading import Request
from connectors.source import Table
from connectors.source_files import find_sources
from core.errors import StoppedError
from core.warehouse import connect

DAY = date(2026, 3, 2)
SOURCE = """
description: Events of a topic
tables:
  people:
    kind: kafka
    topic: clicks
    max_reject_share: 0.5
    key: [kafka_partition, kafka_offset]
    columns:
      kafka_partition: {type: integer, from: _kafka.partition, required: true}
      kafka_offset: {type: integer, from: _kafka.offset, required: true}
      sent_at: {type: timestamp, from: _kafka.timestamp, format: epoch_milliseconds}
      name: text
      amount: {type: number, min: 0}
"""
COMPACTED = """
description: Customers of a compacted topic
tables:
  people:
    kind: kafka
    topic: customers
    key: [customer_id]
    columns:
      customer_id: {type: text, from: _kafka.key, required: true}
      is_deleted: {type: boolean, from: _kafka.tombstone, required: true}
      name: text
"""


@pytest.fixture(scope="module")
def brokers_up() -> Iterator[Cluster]:
    with cluster() as up:
        yield up


@pytest.fixture
def topic(project: Any, brokers_up: Cluster, request: Any) -> Any:
    """A topic of this test's own: `topic(value, …, partition=1)` sends, and the project's source reads it."""
    name = f"topic_{abs(hash(request.node.name)) % 10**9}"

    def send(*values: Any, **more: Any) -> None:
        brokers_up.send(name, *values, **more)

    def use(source: str = SOURCE) -> None:
        text = source.replace("topic: clicks", f"topic: {name}").replace("topic: customers", f"topic: {name}")
        project.source(text).settings_given = {"sources": {"people": {"path": "", "url": brokers_up.url}}}

    use()
    send.use, send.name = use, name  # type: ignore[attr-defined]
    return send


def test_messages_of_all_partitions_land_with_their_place_and_a_second_pull_changes_nothing(project, topic):
    topic({"name": "Ann", "amount": 1.5}, {"name": "Bo"}, partition=0)
    topic({"name": "Cy", "amount": 12345678901234567.89}, partition=3)
    entry = project.pull()
    assert (entry["rows_in"], entry["rows_landed"], entry.get("columns_added")) == (3, 3, [])
    rows = project.raw("name, kafka_partition, kafka_offset, sent_at, _origin, _line")
    assert [(r["name"], r["kafka_partition"], r["kafka_offset"]) for r in rows] == [
        ("Ann", 0, 0), ("Bo", 0, 1), ("Cy", 3, 0)
    ]  # fmt: skip
    assert (rows[1]["_origin"], rows[1]["_line"]) == (f"{topic.name}/0", 1) and rows[0]["sent_at"] is not None
    again = project.pull()
    assert (again["rows_in"], again["warnings"]) == (0, [])


def test_a_pull_goes_on_at_each_partitions_mark(project, topic):
    topic({"name": "Ann"}, partition=0)
    project.pull()
    topic({"name": "Ann"}, {"name": "Bo"}, partition=0)
    topic({"name": "Cy"}, partition=1)
    entry = project.pull(date(2026, 3, 3))
    assert (entry["rows_in"], entry["rows_landed"]) == (3, 3), "an equal message is a message of its own"
    marks = project.rows("select file, fingerprint from raw.pulls where day = date '2026-03-03' order by file")
    assert [m["fingerprint"] for m in marks] == ["3", "1", "0", "0"]


def test_a_mark_that_was_forgotten_reads_again_and_lands_nothing_twice(project, topic):
    topic({"name": "Ann"}, {"name": "Bo"})
    project.pull()
    with connect(project.settings, writer="raw") as db:
        db.execute("update raw.pulls set fingerprint = null")
    entry = project.pull()
    assert (entry["rows_in"], entry["rows_unchanged"]) == (2, 2)


def test_broken_messages_are_refused_alone_and_not_read_again(project, topic):
    good = [{"name": "Ann"}, {"name": "Bo"}, {"name": "Cy"}, {}, {"name": "Di"}, {"name": "Ed"}]
    topic(*good)
    topic(b"\x00\x00\x00\x00\x05Avro", b'{"name": ', b"[1]", b"\xff\xfe", {"name": "Eve", "amount": -1})
    entry = project.pull()
    assert (entry["rows_landed"], entry["rows_rejected"]) == (6, 5)
    reasons = [r["reason"] for r in project.rejects()]
    assert reasons[0].startswith("binary: Avro") and set(reasons[1:3]) == {"not a JSON object"}
    assert [r["line"] for r in project.rejects()] == [6, 7, 8, 9, 10] and "UTF-8" in reasons[3]
    assert project.pull()["rows_in"] == 0


def test_too_many_broken_messages_land_nothing_and_leave_the_mark(project, topic):
    topic(b"no", b"no", {"name": "Ann"})
    assert "66.7% of the rows" in project.pull()["error"]
    assert project.raw() == []
    topic({"name": "Bo"})
    entry = project.pull()
    assert (entry["rows_in"], entry["rows_landed"]) == (4, 2), "the share is judged anew with what came since"


def test_the_newest_message_of_a_key_and_its_tombstone_stand_as_versions(project, topic):
    topic.use(COMPACTED)
    topic({"name": "Ann"}, {"name": "Anna"}, None, key="7")
    topic({"name": "Bo"}, key='{"id": 8}')
    entry = project.pull()
    assert entry["rows_landed"] == 4
    rows = project.raw("customer_id, is_deleted, name")
    assert [r["is_deleted"] for r in rows] == [False, False, True, False]
    assert [r["customer_id"] for r in rows] == ["7", "7", "7", '{"id":8}']


def test_a_new_key_of_the_value_is_seen_and_a_forged_envelope_is_refused(project, topic):
    topic({"name": "Ann", "colour": "red"}, {"name": "Bo", "_kafka": {"offset": 99}}, {"name": "Cy"})
    entry = project.pull()
    assert entry["columns_added"] == ["colour"]
    assert (entry["rows_landed"], entry["rows_rejected"]) == (2, 1)
    assert [r["kafka_offset"] for r in project.raw("kafka_offset")] == [0, 2]


def test_a_topic_that_was_made_anew_is_read_from_its_beginning_and_told(project, topic):
    topic({"name": "Ann"})
    project.pull()
    with connect(project.settings, writer="raw") as db:
        db.execute(f"update raw.pulls set fingerprint = '99' where file = '{topic.name}/0'")
    topic({"name": "Bo"})
    entry = project.pull()
    assert (entry["rows_landed"], entry["rows_unchanged"]) == (1, 1)
    assert "ends at 2, and 99 was reached before" in entry["warnings"][0]


def test_what_retention_took_before_it_was_read_is_told(project, topic):
    topic({"name": "Ann"})
    project.pull()
    for _ in range(70):  # the mock cluster keeps some five megabytes of a partition
        topic({"name": "x" * 100_000})
    topic({"name": "Bo"})
    entry = project.pull()
    assert "were deleted by the topic's retention before they were read" in entry["warnings"][0]
    assert 1 < entry["rows_landed"] < 70 and project.raw("name")[-1]["name"] == "Bo"


def test_a_reading_that_is_given_up_ends(project, topic):
    topic({"name": "Ann"})
    source = find_sources(project.settings)["people"]
    place = place_of(project.settings, source)
    request = Request(project.settings, "people", "people", source.tables["people"], place, DAY, DAY)
    request.patience.give_up()
    with pytest.raises(StoppedError):
        list(kafka.read(request).batches)


def test_a_declaration_that_was_mended_is_applied_to_all_messages(project, topic):
    topic({"name": "Ann", "size": "12"}, {"name": "Bo", "size": "x"})
    project.pull()
    topic.use(SOURCE + "      size: {type: text}\n")
    result = again(project.settings, "people.people")
    assert result["ok"], result
    assert [r["size"] for r in project.raw("size")] == ["12", "x"]


def test_an_unknown_topic_and_brokers_that_are_away_are_told(project, brokers_up, monkeypatch):
    project.source(SOURCE).settings_given = {"sources": {"people": {"path": "", "url": brokers_up.url}}}
    entry = project.pull()
    assert entry["error_kind"] == "ConfigError" and "no topic clicks" in entry["error"]
    monkeypatch.setattr(brokers, "MOST_ASKED_SECONDS", 1)
    monkeypatch.setattr(brokers, "ASK_SECONDS", 0.5)
    project.settings_given = {"sources": {"people": {"path": "", "url": "kafka://127.0.0.1:1"}}}
    entry = project.pull()
    assert entry["error_kind"] == "RetryableError" and "do not answer" in entry["error"]
    project.settings_given = {"sources": {"people": {"path": "", "url": "kafka://no.such.host.example:9092"}}}
    assert "no.such.host.example" in project.pull()["error"]


def test_brokers_that_do_not_take_the_password_are_told_without_it(project, topic, monkeypatch):
    monkeypatch.setattr(brokers, "MOST_ASKED_SECONDS", 4)
    monkeypatch.setenv("KAFKA_PASSWORD", "hush-hush")
    topic.use(SOURCE.replace("    key:", "    auth: {type: basic, user: fairlead, secret: KAFKA_PASSWORD}\n    key:"))
    entry = project.pull()
    assert entry["error_kind"] in ("ConfigError", "RetryableError") and "hush-hush" not in str(entry)


CONSENTS = """
description: Who wants what, a compacted topic
tables:
  people:
    kind: kafka
    topic: customers
    max_reject_share: 1
    key: [customer_id]
    columns:
      customer_id: {type: text, from: _kafka.key, required: true}
      email: {type: text, identifier: email}
      status: {type: text, required: true, values: [granted, withdrawn]}
"""


def test_a_refused_no_is_kept_beside_its_topic_and_mended_by_the_next_message_of_its_key(project, topic):
    staging = project.root / "dbt_project/models/staging/people"
    staging.mkdir(parents=True)
    (staging / "stg_people__consents.sql").write_text("select 1 from {{ source('raw', 'people__people') }}")
    topic.use(CONSENTS)
    topic({"email": "ann@example.com", "status": "out"}, key="7")
    topic({"email": "bo@example.com", "status": "granted"}, key="8")
    assert (project.pull()["rows_rejected"], len(project.raw("email"))) == (1, 1)
    refused = project.raw("email__normalised, _mended_day", table="people__people__refused")
    assert refused == [{"email__normalised": "ann@example.com", "_mended_day": None}]
    topic({"email": "ann@example.com", "status": "withdrawn"}, key="7")
    project.pull(date(2026, 3, 3))
    assert project.raw("_mended_day", table="people__people__refused") == [{"_mended_day": date(2026, 3, 3)}]


@pytest.mark.parametrize("mechanism", ["plain", "scram_sha_256", "scram_sha_512"])
@pytest.mark.parametrize("scheme", ["kafka", "kafka+ssl"])
def test_the_library_takes_every_sign_in_that_a_file_may_declare(project, monkeypatch, mechanism, scheme):
    monkeypatch.setenv("KAFKA_PASSWORD", "hush-hush")
    monkeypatch.setattr(brokers, "MOST_ASKED_SECONDS", 0.1)
    monkeypatch.setattr(brokers, "ASK_SECONDS", 0.1)
    auth = f"    mechanism: {mechanism}\n    auth: {{type: basic, user: joe, secret: KAFKA_PASSWORD}}\n    key:"
    project.source(SOURCE.replace("    key:", auth))
    project.settings_given = {"sources": {"people": {"path": "", "url": f"{scheme}://127.0.0.1:1"}}}
    entry = project.pull()
    assert entry["error_kind"] == "RetryableError" and "hush" not in str(entry), entry


TLS = """    auth: {type: basic, user: joe, secret: KAFKA_PASSWORD}
    mechanism: scram_sha_512
    tls: {ca: "{home}/ca.pem", certificate: "{home}/ours.pem", key: "{home}/ours.key", password: KEY_PASSWORD}
    key:"""


def secured(project, scheme="kafka+ssl"):
    project.source(SOURCE.replace("    key:", TLS))
    project.settings_given = {"sources": {"people": {"path": "", "url": f"{scheme}://127.0.0.1:1"}}}


def test_sign_in_and_certificates_reach_the_library_and_secrets_come_from_the_environment(project, monkeypatch):
    import confluent_kafka

    given = {}

    def consumer(configuration, **_):
        given.update(configuration)
        raise confluent_kafka.KafkaException(confluent_kafka.KafkaError(confluent_kafka.KafkaError._SSL, "hush-hush"))

    secured(project)
    for name in ("ca.pem", "ours.pem", "ours.key"):
        (project.home / name).write_text("a certificate")
    monkeypatch.setenv("KAFKA_PASSWORD", "hush-hush")
    assert "KEY_PASSWORD" in project.pull()["error"], "a variable that is not set is named"
    monkeypatch.setenv("KEY_PASSWORD", "hush-key")
    monkeypatch.setattr(confluent_kafka, "Consumer", consumer)
    project.pull()
    assert given.items() >= {
        "security.protocol": "sasl_ssl", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "joe",
        "sasl.password": "hush-hush", "ssl.ca.location": f"{project.home}/ca.pem",
        "ssl.certificate.location": f"{project.home}/ours.pem", "ssl.key.location": f"{project.home}/ours.key",
        "ssl.key.password": "hush-key",
    }.items()  # fmt: skip


def test_certificates_that_are_none_or_not_there_and_tls_without_tls_are_mistakes_of_the_file(project, monkeypatch):
    monkeypatch.setenv("KAFKA_PASSWORD", "hush-hush")
    monkeypatch.setenv("KEY_PASSWORD", "hush-key")
    secured(project)
    entry = project.pull()
    assert entry["error_kind"] == "ConfigError" and "ca.pem is not there. Check `tls`" in entry["error"]
    for name in ("ca.pem", "ours.pem", "ours.key"):
        (project.home / name).write_text("no certificate")
    entry = project.pull()
    assert entry["error_kind"] == "ConfigError" and "Check `tls`" in entry["error"] and "hush" not in str(entry)
    secured(project, "kafka")
    entry = project.pull()
    assert entry["error_kind"] == "ConfigError" and "kafka+ssl://" in entry["error"]


@pytest.mark.parametrize("url", ["", "localhost:9092", "http://localhost:9092", "kafka://joe:hush@localhost:9092"])
def test_an_address_that_is_none_of_brokers_is_refused_with_the_mend(project, url):
    project.source(SOURCE).settings_given = {"sources": {"people": {"path": "", "url": url, "enabled": True}}}
    entry = project.pull()
    assert entry["error_kind"] == "ConfigError" and "kafka://HOST:9092" in entry["error"] and "hush" not in str(entry)


def test_the_keys_of_the_kind_are_checked():
    columns = {"name": {"type": "text"}}
    for given, words in (
        ({}, "needs a topic"),
        ({"topic": "t", "path": "x"}, "path does not belong to kind kafka"),
        ({"topic": "t", "auth": {"type": "bearer", "secret": "S"}}, "signs in with"),
        ({"topic": "t", "tls": {"certificate": "a.pem"}}, "certificate and key go together"),
    ):
        with pytest.raises(ValueError, match=words):
            Table.model_validate({"kind": "kafka", "columns": columns, **given})
