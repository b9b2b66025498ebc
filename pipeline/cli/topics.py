"""`upswell topics init`: makes the topics of upswell on Kafka, or checks those that are there."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from pipeline.cli.common import BrokersFlag, ConfigFlag, PartitionsFlag, kafka_faults, settings_in_force
from pipeline.cli.errors import complain
from pipeline.kafka.topics import WAITS_FOR_BROKER_S, init_topics


def topics(
    action: Annotated[Literal["init"], typer.Argument(metavar="init", help="Make what is missing, check the rest")],
    partitions: PartitionsFlag = None,
    replication: Annotated[
        int | None, typer.Option("--replication", metavar="R", help="Brokers that hold each topic [default: 1]")
    ] = None,
    wait_s: Annotated[
        float, typer.Option("--wait", min=0, metavar="S", help="Seconds to wait for a broker that is not up yet")
    ] = WAITS_FOR_BROKER_S,
    brokers: BrokersFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Make the topics of upswell on Kafka; those that are there already are checked and never changed.

    \b
    Examples:
      upswell topics init
      upswell topics init --partitions 12 --replication 3 --brokers kafka1:9092,kafka2:9092
    """
    assert action == "init"
    settings = settings_in_force(config, partitions=partitions, replication=replication, kafka_brokers=brokers)
    with kafka_faults():
        done = init_topics(settings, wait_s=wait_s, say=complain)
    for name in done.made:
        print(f"made   {name}")
    for name in done.there:
        print(f"there  {name}")
