"""TLS, passwords and rights on a real Kafka: a command passes with what it needs, else says in a line what lacks."""

from __future__ import annotations

import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.kafka.producer import PostProducer
from pipeline.kafka.topics import init_topics
from pipeline.settings import Settings, load_settings
from schemas import Post
from schemas.topics import ROLES, Role

from .apache import PASSWORD, USER, ApacheError, free_port, missing
from .commands import Command
from .secure import CLIENT, SecureApache

POSTS = "".join(f'{{"id":"{n}","author":"a{n}","text":"I say {chr(97 + n)} #now"}}\n' for n in range(20)).encode()
WRONG = "wrong-zebra"
LACKING = {"poor-writer": ("trends", "WRITE"), "poor-poster": ("posts", "WRITE"), "poor-reader": ("trends", "READ")}


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureApache]:
    reason = missing() or ("" if shutil.which("openssl") else "no openssl on the PATH")
    if reason:
        pytest.skip(f"no Apache Kafka with TLS: {reason}")
    try:
        broker = SecureApache(tmp_path_factory.mktemp("secure"), (*LACKING, "poor-member", *ROLES))
    except ApacheError as error:
        pytest.skip(f"no Apache Kafka: {error}")
    with broker:
        yield broker


def with_password(
    secure: SecureApache, mechanism: str, user: str = USER, password: str = PASSWORD, ca: str = "ca"
) -> dict[str, str]:
    return {
        "UPSWELL_KAFKA_BROKERS": secure.sasl_tls,
        "UPSWELL_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "UPSWELL_KAFKA_SASL_MECHANISM": mechanism,
        "UPSWELL_KAFKA_SASL_USER": user,
        "UPSWELL_KAFKA_SASL_PASSWORD": password,
        "UPSWELL_KAFKA_SSL_CAFILE": str(secure.pem / f"{ca}.pem"),
    }


def with_certificate(secure: SecureApache) -> dict[str, str]:
    return {
        "UPSWELL_KAFKA_BROKERS": secure.tls,
        "UPSWELL_KAFKA_SECURITY_PROTOCOL": "SSL",
        "UPSWELL_KAFKA_SSL_CAFILE": str(secure.pem / "ca.pem"),
        "UPSWELL_KAFKA_SSL_CERTFILE": str(secure.pem / "client.pem"),
        "UPSWELL_KAFKA_SSL_KEYFILE": str(secure.pem / "client.key"),
    }


class Commands:
    """Commands with these variables, each with a log of its own."""

    def __init__(self, settings: Settings, folder: Path, told: dict[str, str]) -> None:
        self.settings, self.folder, self.told = settings, folder, told
        self.begun: list[Command] = []

    def begin(self, *arguments: str, stdin: bytes | None = None) -> Command:
        log = self.folder / f"{len(self.begun)}-{arguments[0]}.log"
        command = Command(self.settings, log, *arguments, stdin=None if stdin is None else subprocess.PIPE, **self.told)
        self.begun.append(command)
        if stdin is not None:
            assert command.process.stdin
            command.process.stdin.write(stdin)
            command.process.stdin.close()
        return command

    def __enter__(self) -> Commands:
        return self

    def __exit__(self, *_: object) -> None:
        for command in self.begun:
            command.__exit__()


@pytest.mark.parametrize("way", ["SCRAM-SHA-256", "certificate"])
def test_every_command_passes_with_what_it_needs_and_no_right_more(
    secure: SecureApache, prefix: str, tmp_path: Path, way: str
) -> None:
    told = with_certificate(secure) if way == "certificate" else with_password(secure, way)
    secure.grant(f"CN={CLIENT}" if way == "certificate" else USER, prefix)
    settings = load_settings(kafka_prefix=prefix)
    small = {"UPSWELL_PANE_MS": "1000", "UPSWELL_MAX_OUT_OF_ORDERNESS_MS": "500"}
    with Commands(settings, tmp_path, told | small) as commands:
        assert commands.begin("topics", "init").process.wait(60) == 0
        worker = commands.begin("worker", "--live")
        port = free_port()
        serve = commands.begin("serve", "--port", str(port))
        worker.ready()
        assert commands.begin("produce", stdin=POSTS).process.wait(60) == 0
        trends = commands.begin("trends", "--follow", "--json")
        trends.wait_for(lambda: "#now" in trends.said, 60)

        def served() -> bool:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/trends?window=1h", timeout=5) as answer:
                    return b"#now" in answer.read()
            except urllib.error.HTTPError:
                return False

        serve.wait_for(lambda: "serves at" in serve.said)
        serve.wait_for(served, 30)
        doctor = commands.begin("doctor")
        assert doctor.process.wait(60) == 0, doctor.said
        assert "1 worker, stable" in doctor.said
        assert not any(PASSWORD in command.said for command in commands.begun)


def test_each_role_does_its_part_with_the_rights_of_least_and_not_another_ones(
    secure: SecureApache, prefix: str, tmp_path: Path
) -> None:
    init_topics(load_settings(kafka_brokers=secure.address, kafka_prefix=prefix))
    users: dict[Role, str] = {role: secure.grant_role(role, prefix) for role in ROLES}
    small = {"UPSWELL_PANE_MS": "1000", "UPSWELL_MAX_OUT_OF_ORDERNESS_MS": "500"}
    rules = tmp_path / "upswell.toml"
    rules.write_text(
        '[[rule]]\nname = "r"\n[[receiver]]\nname = "ops"\nkind = "webhook"\nurl = "http://127.0.0.1:9/"\n'
    )
    settings = load_settings(kafka_prefix=prefix)
    with ExitStack() as stack:

        def of(role: Role) -> Commands:
            (tmp_path / role).mkdir()
            (tmp_path / role / "upswell.toml").write_text(rules.read_text())
            told = with_password(secure, "PLAIN", users[role]) | small
            return stack.enter_context(Commands(settings, tmp_path / role, told))

        producer, reader, page, alerts = of("producer"), of("reader"), of("page"), of("alerts")
        worker = of("worker").begin("worker", "--live")
        worker.ready()
        serve = page.begin("serve", "--port", str(free_port()))
        follow = alerts.begin("alerts", "follow", "--state", "a.db")
        trends = reader.begin("trends", "--follow", "--json")
        assert producer.begin("produce", stdin=POSTS).process.wait(60) == 0
        trends.wait_for(lambda: "#now" in trends.said, 60)
        serve.wait_for(lambda: "serves at" in serve.said)
        assert alerts.begin("alerts", "mute", "r", "--for", "1h").process.wait(60) == 0
        assert {it.process.poll() for it in (worker, serve, follow)} == {None}
        for foreign in (producer.begin("trends", "--once"), reader.begin("produce", stdin=POSTS)):
            assert foreign.process.wait(60) == 1, foreign.said


@pytest.mark.parametrize(
    ("mechanism", "fault"),
    [
        ("SCRAM-SHA-512", "password"),
        ("PLAIN", "authority"),
        pytest.param("PLAIN", "password", marks=pytest.mark.long),
    ],
)
def test_a_wrong_password_or_authority_is_one_line_from_each_command(
    secure: SecureApache, prefix: str, tmp_path: Path, fault: str, mechanism: str
) -> None:
    secure.grant(USER, prefix)
    init_topics(load_settings(kafka_brokers=secure.address, kafka_prefix=prefix))
    password, ca = (WRONG, "ca") if fault == "password" else (PASSWORD, "other-ca")
    told = with_password(secure, mechanism, password=password, ca=ca)
    with Commands(load_settings(kafka_prefix=prefix), tmp_path, told) as commands:
        begun = [
            commands.begin("topics", "init"),
            commands.begin("worker"),
            commands.begin("produce", stdin=POSTS),
            commands.begin("trends", "--once"),
            commands.begin("doctor"),
        ]
        if mechanism == "PLAIN":
            begun.append(commands.begin("serve", "--port", "0"))
        for command in begun:
            assert command.process.wait(60) == 1, command.said
            said = [line for line in command.lines if "FAIL" in line or line.startswith("upswell: ")]
            said = [line for line in said if "serves at" not in line]
            assert len(said) == 1, command.said
            wanted = "UPSWELL_KAFKA_SASL_PASSWORD" if fault == "password" else "UPSWELL_KAFKA_SSL_CAFILE"
            assert wanted in command.said
            assert not any(secret in command.said for secret in (WRONG, PASSWORD, "Traceback"))


@pytest.mark.parametrize(
    ("user", "command", "what"),
    [
        ("poor-writer", ("worker",), "trends"),
        ("poor-writer", ("doctor",), "trends"),
        ("poor-poster", ("produce",), "posts"),
        ("poor-reader", ("trends", "--once"), "trends"),
        ("poor-member", ("worker",), "upswell"),
    ],
)
def test_a_missing_right_is_one_line_that_names_it(
    secure: SecureApache, prefix: str, tmp_path: Path, user: str, command: tuple[str, ...], what: str
) -> None:
    plain = load_settings(kafka_brokers=secure.address, kafka_prefix=prefix)
    init_topics(plain)
    secure.grant(user, prefix, but_topic=LACKING.get(user), but_group=None if user in LACKING else "READ")
    with PostProducer(plain) as producer:
        producer.push([Post(f"{n}", f"a{n}", f"say {chr(97 + n)} #now", 1_700_000_000_000 + n) for n in range(20)])
        producer.finish()
    with Commands(load_settings(kafka_prefix=prefix), tmp_path, with_password(secure, "PLAIN", user)) as commands:
        begun = commands.begin(*command, stdin=POSTS if command == ("produce",) else None)
        assert begun.process.wait(60) == 1, begun.said
        (line,) = [line for line in begun.lines if line.startswith(("upswell: ", "FAIL"))]
        assert f"{prefix}{what}" in line
        assert user in line
        assert "docs/kafka.md" in begun.said
        assert PASSWORD not in begun.said
