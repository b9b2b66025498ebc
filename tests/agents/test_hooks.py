"""What upswell uses of Faust and aiokafka that they keep private: named here, each with what it is for.

The two are pinned exactly. Whoever raises a pin runs this first, and reads what it says.
"""

from __future__ import annotations

import ast
import inspect
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import faust
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer import fetcher
from aiokafka.consumer.subscription_state import Subscription, SubscriptionState
from aiokafka.record import default_records, memory_records
from aiokafka.record._crecords import default_records as compiled_records
from faust.tables.manager import TableManager
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver

ROOT = Path(__file__).resolve().parents[2]


class Hook(NamedTuple):
    library: str
    owner: Any  # a class or a module
    name: str
    what_for: str


FAUST, AIOKAFKA = "faust-streaming", "aiokafka"
CONSUMER, THREAD = driver.Consumer, driver.AIOKafkaConsumerThread
HOOKS = [
    Hook(FAUST, CONSUMER, "_read_offset", "a rewind is not dropped as read already"),
    Hook(FAUST, CONSUMER, "_acked", "nothing of before a seek is committed"),
    Hook(FAUST, CONSUMER, "_acked_index", "nothing of before a seek is committed"),
    Hook(FAUST, CONSUMER, "_gap", "nothing of before a seek is committed"),
    Hook(FAUST, CONSUMER, "_committed_offset", "a commit that goes back is not held for an old one"),
    Hook(FAUST, CONSUMER, "_unacked_messages", "an acknowledged batch is no longer waited for"),
    Hook(FAUST, CONSUMER, "_thread", "fetches, seeks and commits happen in the consumer's thread"),
    Hook(FAUST, CONSUMER, "_new_consumer_thread", "the consumer's thread is ours"),
    Hook(FAUST, CONSUMER, "_get_active_partitions", "a copy of the set is fetched from, never an emptied one"),
    Hook(FAUST, CONSUMER, "_to_message", "changelogs are read record by record"),
    Hook(FAUST, CONSUMER, "_add_gap", "gaps in the offsets mean nothing"),
    Hook(FAUST, CONSUMER, "_filter_tps_with_pending_acks", "what agents declare is committed"),
    Hook(FAUST, CONSUMER, "_new_offset", "what agents declare is committed"),
    Hook(FAUST, CONSUMER, "_commit", "a commit that fails does not end the worker"),
    Hook(FAUST, CONSUMER, "perform_seek", "after each rebalance a partition begins where its state can be rebuilt"),
    Hook(FAUST, THREAD, "_create_worker_consumer", "a fetch waits for much, or for some time"),
    Hook(FAUST, THREAD, "_ensure_consumer", "the client library's consumer is asked directly"),
    Hook(FAUST, THREAD, "_fetch_records", "a fetch is one message"),
    Hook(FAUST, THREAD, "call_thread", "fetches, seeks and commits happen in the consumer's thread"),
    Hook(FAUST, faust.App, "_create_directories", "no folder is made for tables that live in memory"),
    Hook(FAUST, TableManager, "_update_channels", "tables recover at once"),
    Hook(AIOKAFKA, AIOKafkaConsumer, "_fetch_min_bytes", "a fetch waits for much, or for some time"),
    Hook(AIOKAFKA, AIOKafkaConsumer, "_fetch_max_wait_ms", "a fetch waits for much, or for some time"),
    Hook(AIOKAFKA, AIOKafkaConsumer, "_isolation_level", "posts of aborted transactions are not counted"),
    Hook(AIOKAFKA, AIOKafkaConsumer, "_max_poll_records", "a batch has at most so many records"),
    Hook(AIOKAFKA, AIOKafkaConsumer, "_subscription", "batches of an assignment that is over are told"),
    Hook(AIOKAFKA, AIOKafkaConsumer, "_coordinator", "what lies beside a committed offset is read"),
    Hook(AIOKAFKA, SubscriptionState, "subscription", "batches of an assignment that is over are told"),
    Hook(AIOKAFKA, Subscription, "assignment", "batches of an assignment that is over are told"),
    Hook(AIOKAFKA, fetcher, "PartitionRecords", "records are not copied; headers that are no UTF-8 are read"),
    Hook(AIOKAFKA, fetcher, "FetchResult", "a batch has at most so many records"),
    Hook(AIOKAFKA, fetcher.FetchResult, "getall", "a batch has at most so many records"),
    Hook(AIOKAFKA, fetcher.FetchResult, "_topic_partition", "a batch has at most so many records"),
    Hook(AIOKAFKA, fetcher.FetchResult, "_partition_records", "a batch has at most so many records"),
    Hook(AIOKAFKA, fetcher.FetchResult, "_update_position", "a batch has at most so many records"),
    Hook(AIOKAFKA, fetcher, "MemoryRecords", "headers that are no UTF-8 are read"),
    Hook(AIOKAFKA, fetcher.PartitionRecords, "_unpack_records", "headers that are no UTF-8 are read"),
    Hook(AIOKAFKA, fetcher.PartitionRecords, "_tp", "the marks of transactions are no gaps"),
    Hook(AIOKAFKA, fetcher.PartitionRecords, "next_fetch_offset", "the marks of transactions are no gaps"),
    Hook(AIOKAFKA, fetcher.PartitionRecords, "_records", "headers that are no UTF-8 are read"),
    Hook(AIOKAFKA, fetcher.PartitionRecords, "_records_iterator", "records are not copied"),
    Hook(AIOKAFKA, fetcher.PartitionRecords, "_consumer_record", "records are not copied"),
    Hook(AIOKAFKA, default_records._DefaultRecordBatchPy, "_read_msg", "headers that are no UTF-8 are read safely"),
    Hook(AIOKAFKA, memory_records, "_MemoryRecordsPy", "headers that are no UTF-8 are read"),
    Hook(AIOKAFKA, memory_records._MemoryRecordsPy, "_next_slice", "headers that are no UTF-8 are read"),
    Hook(AIOKAFKA, default_records, "_DefaultRecordBatchPy", "headers that are no UTF-8 are read"),
    Hook(AIOKAFKA, default_records._DefaultRecordBatchPy, "_buffer", "headers that are no UTF-8 are read"),
    Hook(AIOKAFKA, default_records, "_DefaultRecordPy", "records of batches without end are dead letters"),
    Hook(AIOKAFKA, compiled_records, "snappy_decode", "plain records are read as a run"),
    Hook(AIOKAFKA, compiled_records, "DefaultRecordBatch", "plain records are read as a run"),
    *(
        Hook(AIOKAFKA, module, f"{codec}_decode", "batches without end are not unpacked")
        for module in (default_records, compiled_records)
        for codec in ("gzip", "lz4", "zstd")
    ),
]


def has(owner: Any, name: str) -> bool:
    """Whether a module or a class has it, or a class gives it to its objects."""
    if hasattr(owner, name):
        return True
    bases = [base for base in getattr(owner, "__mro__", ()) if base is not object]
    return any(f"self.{name}" in _source(base) for base in bases)


def _source(kind: Any) -> str:
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):  # compiled
        return ""


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: f"{hook.library}-{hook.name}")
def test_the_libraries_have_what_is_used_of_them(hook: Hook) -> None:
    owner = getattr(hook.owner, "__qualname__", hook.owner.__name__)
    assert has(hook.owner, hook.name), (
        f"{hook.library} {version(hook.library)} has no {owner}.{hook.name}; agents/runtime uses it so that"
        f" {hook.what_for}: find what took its place, or keep the pin"
    )


def test_a_hook_that_is_gone_is_noticed() -> None:
    assert not has(CONSUMER, "_no_such_thing")
    assert faust_consumer.Consumer in CONSUMER.__mro__


def privates(path: Path) -> set[str]:
    """Names with an underscore that a module uses and does not define."""
    tree = ast.parse(path.read_text())
    used = {it.attr for it in ast.walk(tree) if isinstance(it, ast.Attribute)}
    used |= {alias.name for it in ast.walk(tree) if isinstance(it, ast.ImportFrom) for alias in it.names}
    defined = {
        it.name for it in ast.walk(tree) if isinstance(it, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    defined |= {it.id for it in ast.walk(tree) if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Store)}
    for it in ast.walk(tree):
        if isinstance(it, ast.Attribute) and isinstance(it.ctx, ast.Store) and isinstance(it.value, ast.Name):
            defined |= {it.attr} if it.value.id == "self" else set()
    return {name for name in used - defined if name.startswith("_") and not name.startswith("__")}


def test_every_private_name_is_a_hook_and_none_is_used_elsewhere() -> None:
    named = {hook.name for hook in HOOKS}
    for path in sorted((ROOT / "agents" / "runtime").glob("*.py")):
        assert privates(path) <= named, path
    for path in sorted((ROOT / "agents").glob("*.py")):
        assert privates(path) <= {"_exit", "_replace"}, path
