"""`python -m tests.kafka.refused SEED ...`: upswell with a producer that refuses now and then.

Each refusal sends an agent back to its committed offset, in the middle of whatever is being fetched.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Awaitable, Callable, Iterable

from faust import App

import agents.alert
import agents.count
import agents.rank
import agents.state
from agents.publish import Outgoing, publish
from pipeline.cli import main
from tests.kafka.tuned import tune
from tests.patches import patch


def _refusing(chance: random.Random, share: float) -> Callable[[App, Iterable[Outgoing]], Awaitable[None]]:
    async def publish_or_refuse(app: App, messages: Iterable[Outgoing]) -> None:
        if chance.random() < share:
            raise ConnectionError("refused by the test")
        await publish(app, messages)

    return publish_or_refuse


if __name__ == "__main__":
    chance = random.Random(int(sys.argv.pop(1)))
    for module in (agents.count, agents.alert, agents.state):
        patch(module, "publish", _refusing(chance, 0.06))
    # it begins again at a full ten minutes, some sixty messages back: refused as often, it would not get there
    patch(agents.rank, "publish", _refusing(chance, 0.02))
    # many batches, so many are on their way when a partition is sought
    tune(poll_records=200, retry_s=0.02, state_every_s=0.0)
    main()
