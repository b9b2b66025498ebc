"""`python -m tests.alerts.killed POINT worker ...`: upswell with an alert agent that is killed at a point, and says so.

Points: `raised` (nothing kept), `kept` (nothing said), `half` (one alert said), `said` (no offset declared), `declared`
(nothing committed).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from typing import Any

from faust import App
from faust.types import TP

import agents.alert
from agents.alert import Alert, AlertedPartition
from agents.publish import Outgoing, publish
from pipeline.cli import main
from tests.kafka.tuned import tune
from tests.patches import patch

POINTS = ("raised", "kept", "half", "said", "declared")


def killed_at(point: str) -> None:
    def reached(name: str) -> None:
        if name == point:
            sys.stderr.write(f"killed: {point}\n")
            sys.stderr.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    class Killed(Alert):
        raised = False

        async def _keep(self, tp: TP, partition: AlertedPartition) -> None:
            self.raised = bool(partition.raised)
            if self.raised:
                reached("raised")
            await super()._keep(tp, partition)
            if self.raised:
                reached("kept")

        async def _publish(self, partition: AlertedPartition) -> None:
            await super()._publish(partition)
            if self.raised:
                reached("said")

        async def take(self, batch: Any) -> None:
            await super().take(batch)
            if self.raised:
                reached("declared")

    async def publish_and(app: App, messages: Iterable[Outgoing]) -> None:
        sent = list(messages)
        if point == "half" and len(sent) > 1:
            await publish(app, sent[:1])
            reached("half")
        await publish(app, sent)

    patch(agents.app, "Alert", Killed)
    patch(agents.alert, "publish", publish_and)


if __name__ == "__main__":
    import agents.app

    killed_at(sys.argv.pop(1))
    tune(poll_records=50)  # so that every worker has alerts to raise
    main()
