"""Kafka's brokers: signing in, a topic's partitions and bounds, and its messages; their errors in our words."""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from connectors.places import filled
from connectors.reading import Request
from core.errors import ConfigError, RetryableError
from core.settings import without_secrets

T = TypeVar("T")
SCHEMES = {"kafka": "plaintext", "kafka+ssl": "ssl"}
ASK_SECONDS = 2.0  # for one try of a question; between two the errors of signing in are looked at
MOST_ASKED_SECONDS = 30  # for one question, however long a pull may wait for an answer's bytes
TAKEN_MESSAGES = 1000
LOOK_SECONDS = 0.5  # between two looks whether somebody wants the end
Message = tuple[int, int, Any]  # partition, offset, and the message: None where the partition ends at that offset


class Brokers:
    """One consumer that is in no group and commits nothing."""

    def __init__(self, request: Request) -> None:
        import confluent_kafka

        self._kafka: Any = confluent_kafka
        self._request, self._topic, self._errors = request, str(request.table.topic), list[Any]()
        quiet = logging.Logger("fairlead.kafka", logging.CRITICAL)
        configuration = _configuration(request) | {"error_cb": self._errors.append}
        try:
            self._consumer = self._kafka.Consumer(configuration, logger=quiet)
        except self._kafka.KafkaException as error:  # a certificate that is none, a wrong password of its key
            words = without_secrets(error.args[0].str())
            raise ConfigError(f"{request.where}: {words}. Check `tls`, `auth` and `mechanism`.") from None

    def __enter__(self) -> "Brokers":
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def partitions(self) -> list[int]:
        answer = self._asked(lambda seconds: self._consumer.list_topics(self._topic, timeout=seconds))
        answer = answer.topics[self._topic]
        if answer.error is not None:
            raise self._as_ours(answer.error)
        return sorted(answer.partitions)

    def bounds(self, partition: int) -> tuple[int, int]:
        """The first offset that is kept, and the offset of the message to come."""
        place = self._kafka.TopicPartition(self._topic, partition)
        low, high = self._asked(lambda seconds: self._consumer.get_watermark_offsets(place, timeout=seconds))
        return int(low), int(high)

    def assign(self, offsets: dict[int, int]) -> None:
        self._consumer.assign([self._kafka.TopicPartition(self._topic, p, offset) for p, offset in offsets.items()])

    def leave(self, partition: int) -> None:
        self._consumer.incremental_unassign([self._kafka.TopicPartition(self._topic, partition)])

    def take(self) -> Iterator[Message]:
        """What has come; nothing within half a second is nothing. Raises StoppedError where nobody waits any more."""
        messages = self._consumer.consume(TAKEN_MESSAGES, timeout=LOOK_SECONDS)
        if messages or self._request.patience.given_up.is_set():
            self._request.patience.alive()
        self._raise_if_refused()
        for message in messages:
            error = message.error()
            if error is not None and error.code() != self._kafka.KafkaError._PARTITION_EOF:
                raise self._as_ours(error)
            yield message.partition(), message.offset(), message if error is None else None

    def _asked(self, question: Callable[[float], T]) -> T:
        end = time.monotonic() + min(MOST_ASKED_SECONDS, self._request.settings.pull.call_seconds)
        while True:
            try:
                return question(min(ASK_SECONDS, max(0.1, end - time.monotonic())))
            except self._kafka.KafkaException as error:
                self._consumer.poll(0)  # hands out the errors of the connections
                self._raise_if_refused()
                if self._is_ours_to_mend(error.args[0]) or time.monotonic() >= end:
                    raise self._as_ours(self._cause(error.args[0])) from None
            self._request.patience.pause(LOOK_SECONDS)

    def _cause(self, error: Any) -> Any:
        """What a connection has told of late, where the question itself only was not answered."""
        if self._is_ours_to_mend(error):
            return error
        told = [e for e in self._errors if e.code() != self._kafka.KafkaError._ALL_BROKERS_DOWN]
        return told[-1] if told else error

    def _raise_if_refused(self) -> None:
        for error in self._errors:
            if self._is_ours_to_mend(error) or error.fatal():
                raise self._as_ours(error)

    def _is_ours_to_mend(self, error: Any) -> bool:
        kinds = self._kafka.KafkaError
        return error.code() in (
            kinds._AUTHENTICATION, kinds.SASL_AUTHENTICATION_FAILED, kinds._SSL,
            kinds.TOPIC_AUTHORIZATION_FAILED, kinds.UNKNOWN_TOPIC_OR_PART, kinds._UNKNOWN_TOPIC,
            kinds.UNSUPPORTED_SASL_MECHANISM,
        )  # fmt: skip

    def _as_ours(self, error: Any) -> ConfigError | RetryableError:
        where, topic = self._request.where, self._topic
        words = without_secrets(error.str())
        if error.code() in (self._kafka.KafkaError.UNKNOWN_TOPIC_OR_PART, self._kafka.KafkaError._UNKNOWN_TOPIC):
            return ConfigError(f"{where}: the brokers have no topic {topic}. Check `topic`, and the source's url.")
        if self._is_ours_to_mend(error):
            return ConfigError(f"{where}: {words}. Check the source's url, `auth`, `mechanism` and the topic's rights.")
        return RetryableError(f"{where}: the brokers of {topic} do not answer: {words}")


def _configuration(request: Request) -> dict[str, Any]:
    """Raises ConfigError for a url that leads to no brokers."""
    url, auth = request.place.url, request.table.auth
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.netloc or "@" in parts.netloc:
        raise ConfigError(
            f"{request.source} has no brokers. Set [sources.{request.source}] url in fairlead.toml: "
            "kafka://HOST:9092,HOST:9092, or kafka+ssl:// where they speak TLS; the password belongs to `auth`."
        )
    security = SCHEMES[parts.scheme]
    configuration = {
        "bootstrap.servers": parts.netloc,
        "client.id": "fairlead",
        "group.id": f"fairlead.{request.source}",  # a name the library asks for
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "security.protocol": security,
    }
    configuration |= _tls(request, security)
    if auth is None:
        return configuration
    return configuration | {
        "security.protocol": f"sasl_{security}",
        "sasl.mechanism": request.table.mechanism.upper().replace("_", "-"),
        "sasl.username": auth.user,
        "sasl.password": request.settings.secret(auth.secret),
    }


def _tls(request: Request, security: str) -> dict[str, str]:
    """Raises ConfigError for files that are not there, and for an address that speaks no TLS."""
    tls = request.table.tls
    if tls is None:
        return {}
    if security != "ssl":
        raise ConfigError(
            f"{request.where}: `tls` is declared, and the source's url begins with kafka://: kafka+ssl://."
        )
    files = {"ssl.ca.location": tls.ca, "ssl.certificate.location": tls.certificate, "ssl.key.location": tls.key}
    configuration = {key: filled(path, request.settings) for key, path in files.items() if path}
    if missing := [path for path in configuration.values() if not Path(path).is_file()]:
        raise ConfigError(f"{request.where}: {missing[0]} is not there. Check `tls`.")
    return configuration | ({"ssl.key.password": request.settings.secret(tls.password)} if tls.password else {})
