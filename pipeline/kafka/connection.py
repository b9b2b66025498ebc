"""How every client of ours reaches Kafka: the same settings, said in each client library's own words."""

from __future__ import annotations

import logging
import socket
import ssl
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from pipeline.settings import Settings, SettingsError
from schemas.control import ControlKeys

ASK_AGAIN_S = 0.5
ANSWERS_WITHIN_MS = 10_000
SHAKES_HANDS_S = 8.0  # what takes connections is given so long: TLS and passwords take their time on a busy machine


class KafkaUseError(Exception):
    """Kafka cannot be used as it is: one sentence with what is wrong and what to do. `retriable`: it may pass."""

    retriable = False


class BrokerAwayError(KafkaUseError):
    """Nobody answers at the addresses of the brokers."""

    retriable = True


class RefusedError(KafkaUseError):
    """The broker answers and will not have us: user, password, certificate or right."""


@dataclass(frozen=True)
class Connection:
    """Where Kafka is and how to talk to it. The password stays out of everything that is shown."""

    brokers: tuple[str, ...]
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "PLAIN"
    user: str = ""
    password: str = field(default="", repr=False)
    cafile: str = ""
    certfile: str = ""
    keyfile: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Connection:
        """The connection the settings describe. Raises SettingsError when a part of it is missing."""
        connection = cls(
            brokers=tuple(address.strip() for address in settings.kafka_brokers.split(",")),
            security_protocol=settings.kafka_security_protocol,
            sasl_mechanism=settings.kafka_sasl_mechanism,
            user=settings.kafka_sasl_user,
            password=settings.kafka_sasl_password,
            cafile=settings.kafka_ssl_cafile,
            certfile=settings.kafka_ssl_certfile,
            keyfile=settings.kafka_ssl_keyfile,
        )
        if connection.with_sasl and not (connection.user and connection.password):
            raise SettingsError(
                f"kafka_security_protocol is {connection.security_protocol}, so kafka_sasl_user and"
                " kafka_sasl_password are needed; set UPSWELL_KAFKA_SASL_USER and UPSWELL_KAFKA_SASL_PASSWORD"
            )
        if connection.with_tls:
            connection.tls()
        return connection

    @property
    def with_sasl(self) -> bool:
        return self.security_protocol.startswith("SASL")

    @property
    def with_tls(self) -> bool:
        return self.security_protocol.endswith("SSL")

    @property
    def shown(self) -> str:
        """The addresses, for a sentence."""
        return ", ".join(self.brokers)

    def tls(self) -> ssl.SSLContext | None:
        """The TLS context of these settings; None where there is no TLS. Raises SettingsError for a bad file."""
        if not self.with_tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.cafile or None)
            if self.certfile:
                context.load_cert_chain(self.certfile, self.keyfile or None)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(name for name in (self.cafile, self.certfile, self.keyfile) if name)
            raise SettingsError(
                f"the TLS files cannot be used ({files}: {error.strerror or error}); mend kafka_ssl_cafile,"
                " kafka_ssl_certfile and kafka_ssl_keyfile"
            ) from None
        return context

    def confluent(self) -> dict[str, Any]:
        """The configuration of a confluent-kafka client."""
        told = {"bootstrap.servers": ",".join(self.brokers), "security.protocol": self.security_protocol}
        if self.with_sasl:
            told |= {
                "sasl.mechanism": self.sasl_mechanism,
                "sasl.username": self.user,
                "sasl.password": self.password,
            }
        files = {
            "ssl.ca.location": self.cafile,
            "ssl.certificate.location": self.certfile,
            "ssl.key.location": self.keyfile,
        }
        return told | {name: path for name, path in files.items() if path and self.with_tls}

    def faust_urls(self) -> list[str]:
        """The brokers as Faust wants them; see `user`, `password`, `sasl_mechanism` and `tls()` for credentials."""
        return [f"kafka://{address}" for address in self.brokers]

    def python(self) -> dict[str, Any]:
        """Keyword arguments of a client of aiokafka or kafka-python."""
        told: dict[str, Any] = {"bootstrap_servers": list(self.brokers)}
        told |= {"security_protocol": self.security_protocol, "ssl_context": self.tls()}
        if self.with_sasl:
            told |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return told


def control_keys(settings: Settings) -> ControlKeys:
    """What signs markers, control records and retractions. Raises SettingsError for a secret that can be guessed."""
    try:
        return ControlKeys.of(settings.control_key)
    except ValueError as error:
        raise SettingsError(f"control_key: {error}; mend UPSWELL_CONTROL_KEY") from None


def wait_for_broker(connection: Connection, wait_s: float, say: Callable[[str], None] | None = None) -> dict[str, int]:
    """Returns when a broker lets us in: the number of partitions of each topic it has.

    Raises BrokerAwayError when none has within `wait_s`, RefusedError at once when it does not take user and password;
    `say` is told once that there is a wait.
    """
    from confluent_kafka import KafkaError, KafkaException
    from confluent_kafka.admin import AdminClient

    errors: list[Any] = []
    # librdkafka tells a wrong password from a broker that is away; kafka-python tries both until its time is over
    client = AdminClient(connection.confluent() | {"error_cb": errors.append, "logger": silent_logger()})
    began = time.monotonic()
    said = False
    while True:
        try:
            found = client.list_topics(timeout=ASK_AGAIN_S).topics
            return {name: len(topic.partitions) for name, topic in found.items()}
        except KafkaException as error:
            errors.append(error.args[0])
        client.poll(0)
        if any(error.code() == KafkaError._AUTHENTICATION for error in errors):
            raise refused(connection)
        told = " ".join(error.str() for error in errors)
        if "certificate" in told:
            raise _untrusted(connection, told)
        waited, somebody = time.monotonic() - began, any(map(accepts, connection.brokers))
        if waited >= (max(wait_s, SHAKES_HANDS_S) if somebody else wait_s):
            raise BrokerAwayError(_away(connection, somebody))
        if say and not said and (waited > SHAKES_HANDS_S or not somebody):
            say(f"no Kafka broker answers at {connection.shown} yet; waiting up to {wait_s:.0f} s")
            said = True
        del errors[:-1]
        time.sleep(min(ASK_AGAIN_S, max(began + wait_s - time.monotonic(), 0.05)))


def _untrusted(connection: Connection, told: str) -> RefusedError:
    if "verify failed" in told:
        return RefusedError(
            f"the certificate of Kafka at {connection.shown} is not vouched for by"
            f" {connection.cafile or 'the authorities of this machine'}: set UPSWELL_KAFKA_SSL_CAFILE to the file of"
            " the authority that signed it, and name the broker as the certificate does"
        )
    return RefusedError(
        f"Kafka at {connection.shown} does not take {connection.certfile or 'us without a certificate'}: set"
        " UPSWELL_KAFKA_SSL_CERTFILE and UPSWELL_KAFKA_SSL_KEYFILE to a certificate that it knows"
    )


def _away(connection: Connection, somebody: bool) -> str:
    if somebody:
        return (
            f"what listens at {connection.shown} does not talk Kafka by {connection.security_protocol};"
            " check UPSWELL_KAFKA_BROKERS and UPSWELL_KAFKA_SECURITY_PROTOCOL"
        )
    return f"no Kafka broker answers at {connection.shown}; start it, or name another in UPSWELL_KAFKA_BROKERS"


def accepts(address: str) -> bool:
    """Whether somebody listens at host:port."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), 1.0).close()
    except (OSError, OverflowError):
        return False
    return True


def silent_logger() -> logging.Logger:
    """For librdkafka, which would write on standard error what we say in our own words."""
    logger = logging.getLogger("upswell.librdkafka")
    logger.setLevel(logging.CRITICAL + 1)
    return logger


@contextmanager
def admin(connection: Connection) -> Iterator[Any]:
    """A kafka-python admin client, closed afterwards; what goes wrong in it comes as a KafkaUseError."""
    with warnings.catch_warnings():  # it reads its own resources in a way that Python 3.11 to 3.12 call legacy
        warnings.simplefilter("ignore", DeprecationWarning)
        from kafka.admin import KafkaAdminClient

    quiet("kafka")
    try:
        limits = {"request_timeout_ms": ANSWERS_WITHIN_MS, "bootstrap_timeout_ms": ANSWERS_WITHIN_MS}
        with closing(KafkaAdminClient(**connection.python(), **limits)) as client:
            yield client
    except Exception as error:
        fault = as_fault(error, connection)
        if fault is None:
            raise
        raise fault from None


def quiet(*loggers: str) -> None:
    """What client libraries log is said by us, once, as a sentence."""
    for name in loggers:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def as_fault(error: Exception, connection: Connection) -> KafkaUseError | None:
    """The fault behind an error of kafka-python or aiokafka; None for what is no fault of Kafka's."""
    if isinstance(error, KafkaUseError):
        return error
    kind = type(error)
    if not any(base.__module__.startswith(("kafka.", "aiokafka.")) for base in kind.__mro__):
        return None
    names = {base.__name__ for base in kind.__mro__}
    text = f"{kind.__name__} {error}"
    if any("Authentication" in name or "Sasl" in name for name in names) or "uthenticat" in text:
        return refused(connection)
    if any("Authorization" in name for name in names):
        return forbidden(connection, f"do that{_on(error)} ({kind.__name__})")
    if names & {"KafkaConnectionError", "KafkaTimeoutError", "NoBrokersAvailable", "NodeNotReadyError"}:
        return BrokerAwayError(
            f"Kafka at {connection.shown} does not answer as it should ({_brief(text)}); is it up, and are"
            " kafka_brokers and kafka_security_protocol right?"
        )
    return KafkaUseError(f"Kafka at {connection.shown} refuses: {_brief(text)}")


def refused(connection: Connection) -> RefusedError:
    """The broker does not know this user and password."""
    return RefusedError(
        f"Kafka at {connection.shown} refuses user {connection.user!r} ({connection.sasl_mechanism});"
        " check UPSWELL_KAFKA_SASL_USER, UPSWELL_KAFKA_SASL_PASSWORD and UPSWELL_KAFKA_SASL_MECHANISM"
    )


def forbidden(connection: Connection, what: str) -> RefusedError:
    """The broker knows this user and does not let it `what`."""
    user = connection.user or connection.certfile or "ANONYMOUS"
    return RefusedError(
        f"Kafka at {connection.shown} does not allow user {user} to {what}; grant the right (docs/kafka.md lists which)"
    )


def _on(error: Exception) -> str:
    """Of a refusal: the topics or the group, where it names them."""
    named = [it for it in error.args if isinstance(it, str | list | tuple | set | frozenset)]
    names = [it if isinstance(it, str) else ", ".join(sorted(map(str, it))) for it in named]
    return f" with {', '.join(names)}" if any(names) else ""


def _brief(text: str) -> str:
    return " ".join(text.split())[:200]
