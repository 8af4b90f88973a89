"""Brokers of Kafka and a topic of events: librdkafka's own mock cluster, which gives what was sent to it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import confluent_kafka
from support.sources.s3_events import EVENTS, LATE, rows
from support.sources.server import Answer, Request, Vendor


class Cluster:
    """Lives as long as its producer does. Topics come with their first message, of four partitions each."""

    def __init__(self) -> None:
        self._producer = confluent_kafka.Producer({"test.mock.num.brokers": 2, "log_level": 0})
        brokers = self._producer.list_topics(timeout=10).brokers.values()
        self.url = "kafka://" + ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    def send(self, topic: str, *values: Any, partition: int = 0, **more: Any) -> None:
        """Bytes and None go as they are, everything else as JSON."""
        for value in values:
            content = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
            self._producer.produce(topic, value=content, partition=partition, **more)
        assert self._producer.flush(10) == 0, "not all messages were taken"


@contextmanager
def cluster() -> Iterator[Cluster]:
    yield Cluster()


class Api(Vendor):
    """A topic of events by the Segment specification."""

    connector = "kafka_events"

    def __init__(self) -> None:
        super().__init__()
        self.cluster = Cluster()
        self.settings = {"url": self.cluster.url}
        for number, event in enumerate(EVENTS):
            self.cluster.send("events", event, partition=number % 2)

    def knows(self, request: Request) -> bool:
        return True

    def read(self, request: Request) -> Answer:
        return Answer(404)

    def night(self) -> None:
        self.cluster.send("events", LATE, partition=2)

    def expected(self) -> dict[str, Any]:
        return rows(self.connector)
