"""A real Apache Kafka without Docker, for tests, benchmarks and `make chaos`: fetched once with Maven, one process."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path

VERSION = "4.3.1"
CACHE = Path(__file__).resolve().parents[2] / ".cache" / f"kafka-{VERSION}"
CLASSES = CACHE / "classes.jsa"
UP_WITHIN_S = 60.0
USER, PASSWORD = "upswell", "right-horse"  # of the listener that asks for them

_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>upswell</groupId><artifactId>kafka</artifactId><version>1</version>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{VERSION}</version></dependency>
</dependencies></project>
"""


class ApacheError(RuntimeError):
    """The broker cannot be had: says why."""


def missing() -> str:
    """Why there can be no Apache Kafka on this machine; empty when there can."""
    if not shutil.which("java"):
        return "no Java on the PATH"
    if not (CACHE / "libs").is_dir() and not shutil.which("mvn"):
        return "no Maven on the PATH to fetch Kafka with"
    return ""


def fetch() -> Sequence[str]:
    """Tells Java where Kafka's classes are; they are fetched now unless that was done before. Raises ApacheError."""
    libs = CACHE / "libs"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # others wait for the first
        if not libs.is_dir():
            _copy_jars(libs)
        if not CLASSES.exists():
            _keep_classes(libs)
    return "-cp", f"{libs}/*", f"-XX:SharedArchiveFile={CLASSES}"


def _copy_jars(libs: Path) -> None:
    staging, pom = CACHE / "staging", CACHE / "pom.xml"
    pom.write_text(_POM)
    done = subprocess.run(
        ["mvn", "-q", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={staging}"],
        capture_output=True,
        text=True,
        timeout=280,
    )
    if done.returncode:
        raise ApacheError(f"Maven could not fetch Kafka {VERSION}: {done.stdout[-500:]}")
    staging.rename(libs)


def _keep_classes(libs: Path) -> None:
    """A broker that is no use but for the classes it loaded: the next ones start in half of the CPU time. Another Java
    does not take them, and loads its own as ever."""
    kept = CACHE / "classes-staging"
    with tempfile.TemporaryDirectory() as folder:
        Apache(Path(folder), java=("-cp", f"{libs}/*", f"-XX:ArchiveClassesAtExit={kept}")).start().stop()
    with contextlib.suppress(FileNotFoundError):  # of a Java that keeps none, or took too long
        kept.rename(CLASSES)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def free_ports(count: int) -> int:
    """The first of so many ports in a row that nobody listens on now."""
    while True:
        first = free_port()
        with contextlib.ExitStack() as held, contextlib.suppress(OSError, OverflowError):
            for port in range(first, first + count):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first


class Apache:
    """One broker (its own controller) on 127.0.0.1. Topics are never made by accident.

    `address` takes anybody; `sasl_address` asks for USER and PASSWORD by PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
    """

    def __init__(self, folder: Path, heap_mb: int = 512, java: Sequence[str] = (), **settings: str) -> None:
        """`java`: where the classes are, unless what `fetch` tells; `settings`: Kafka's own, dots written as
        underscores, beyond ours."""
        self.folder = folder
        self.settings = {name.replace("_", "."): value for name, value in settings.items()}
        self.heap_mb = heap_mb
        port, controller, sasl = free_port(), free_port(), free_port()
        self.address = f"127.0.0.1:{port}"
        self.sasl_address = f"127.0.0.1:{sasl}"
        self._controller = f"127.0.0.1:{controller}"
        self._process: subprocess.Popen[bytes] | None = None
        self._classes = java or fetch()

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def log(self) -> Path:
        return self.folder / "kafka.log"

    def start(self) -> Apache:
        """Returns when the broker answers. Raises ApacheError with the end of its log."""
        if not (self.folder / "server.properties").exists():
            self._format()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", "server.properties"),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in a terminal is for the test
            )
        self._wait_until_up()
        return self

    def runs(self) -> bool:
        """Whether the process is there; it may end itself."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """A clean end."""
        self._end(signal.SIGTERM)

    def kill9(self) -> None:
        """The end that a power cut would make."""
        self._end(signal.SIGKILL)

    def leave(self) -> None:
        """It runs on, and somebody else ends it, by its id."""
        assert self._process
        self._process.returncode = 0  # or Python complains of a process that is left behind

    def restart(self) -> None:
        """Up again on the same ports with the same data."""
        if self._process is not None:
            self.stop()
        self.start()

    def __enter__(self) -> Apache:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill9()

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._process = None

    def _java(self, *args: str) -> list[str]:
        # a broker that lives for a minute is not worth its compiler's time: 8 CPU s a start, 5 with these
        quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
        return ["java", f"-Xmx{self.heap_mb}m", *quick, *self._classes, *args]

    def _format(self) -> None:
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        jaas = "org.apache.kafka.common.security"
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.bootstrap.servers": self._controller,
            "listeners": f"PLAINTEXT://{self.address},SASL_PLAINTEXT://{self.sasl_address},"
            f"CONTROLLER://{self._controller}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            "listener.name.sasl_plaintext.plain.sasl.jaas.config": f"{jaas}.plain.PlainLoginModule required "
            f'user_{USER}="{PASSWORD}";',
            "listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config": f"{jaas}.scram.ScramLoginModule required;",
            "listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config": f"{jaas}.scram.ScramLoginModule required;",
            "log.dirs": str(self.folder / "data"),
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "auto.create.topics.enable": "false",
            "log.segment.bytes": str(100 << 20),
            # a killed broker comes back as soon as the controller no longer counts on its old self
            "broker.session.timeout.ms": "2000",
            "broker.heartbeat.interval.ms": "500",
        } | self.settings
        (self.folder / "server.properties").write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        scram = [f"--add-scram=SCRAM-SHA-{bits}=[name={USER},password={PASSWORD}]" for bits in (256, 512)]
        done = subprocess.run(
            self._java(
                "kafka.tools.StorageTool",
                "format",
                "--standalone",
                f"--cluster-id={cluster}",
                "-c",
                "server.properties",
                *scram,
            ),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if done.returncode:
            raise ApacheError(f"Kafka's folder could not be made: {(done.stdout + done.stderr)[-500:]}")

    def _wait_until_up(self) -> None:
        from confluent_kafka.admin import AdminClient

        assert self._process
        client = AdminClient({"bootstrap.servers": self.address, "log_level": 0, "logger": _SILENT})
        deadline = time.monotonic() + UP_WITHIN_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                client.list_topics(timeout=0.5)
                return
            except Exception:  # not up yet: the log says why, should it never be
                continue
        log = self.log.read_text(errors="replace")[-1_000:]
        self.kill9()
        raise ApacheError(f"Kafka did not come up within {UP_WITHIN_S:.0f} s: {log}")


def _silent() -> object:
    import logging

    logger = logging.getLogger("upswell.tests.librdkafka")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger


_SILENT = _silent()
