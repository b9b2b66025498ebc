"""`upswell up` with a rule in its file: alerts are told on the terminal and sent to the receivers."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.alerts.receiving import Hook
from tests.alerts.test_alerting import at, row
from tests.alerts.test_follow import publish
from tests.kafka.apache import free_port
from tests.sinks.servers import until


@pytest.mark.timeout(420)
def test_up_tells_what_the_rules_raise_and_sends_it_to_the_receivers(tmp_path: Path) -> None:
    port, said = free_port(), tmp_path / "said"
    with Hook() as hook:
        (tmp_path / "upswell.toml").write_text(
            f'[[rule]]\nname = "r"\n[[receiver]]\nname = "ops"\nkind = "webhook"\nurl = "{hook.url}"\n'
        )
        command = [sys.executable, "-W", "error", "-m", "pipeline.cli", "up", "--port", str(port)]
        with said.open("wb") as out:
            up = subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            until(lambda: "alerts are told below" in said.read_text() or up.poll() is not None, 120, "it is up")
            assert up.poll() is None, said.read_text()
            publish(f"127.0.0.1:{port}", "trends", at(int(time.time()) // 60, row("#a")))
            until(lambda: hook.told() or up.poll() is not None, 120, "the receiver has the alert")
            assert hook.told() == [("firing", "#a")], said.read_text()
            until(lambda: "#a is number 1 in all posts (1 h)" in said.read_text(), 10, "so has the terminal")
            up.send_signal(signal.SIGTERM)
            assert up.wait(60) == 0
        finally:
            up.kill()
            up.wait()
    assert "Traceback" not in said.read_text()
