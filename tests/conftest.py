"""What every test can ask for, what none inherits, and which marks a test has by what it needs."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# How long an example takes says more of the machine than of the code. The same examples each time, so that a change is
# judged by what it changes; `make long` searches, where UPSWELL_TEST_SEARCH is set.
settings.register_profile("upswell", deadline=None, derandomize=not os.environ.get("UPSWELL_TEST_SEARCH"))
settings.load_profile("upswell")

pytest_plugins = ["tests.kafka.fixtures"]

# the shell lacks the window around the page only, and takes half of the time
CHROMIUMS = "/usr/bin/chromium-headless-shell", "/usr/bin/chromium"
ROOT = Path(__file__).resolve().parents[1]
OF_THE_TESTS = ("UPSWELL_DATA", "UPSWELL_TEST_")  # what tests read themselves
# mark -> the folders whose tests have it, and the fixtures that give it to any other test
MARKS = {
    "kafka": (("tests/kafka", "tests/agents/test_outages.py"), ("apache", "kafka", "embedded", "own")),
    "browser": (("tests/browser", "tests/wall/test_browser.py"), ("browser",)),
    # hours of streams against the reference, servers, processes that are killed: more than a few seconds a file
    "slow": (
        (
            "tests/alerts/test_dry_run.py",
            "tests/alerts/test_delivery.py",
            "tests/alerts/test_up.py",
            "tests/archives/test_archive_hostile.py",
            "tests/bench/test_core.py",
            "tests/bench/test_rings.py",
            "tests/bench/test_words.py",
            "tests/cli/test_command.py",
            "tests/cli/test_demo.py",
            "tests/cli/test_up_data.py",
            "tests/compose",
            "tests/evaluation",
            "tests/grafana",
            "tests/model",
            "tests/simulator",
            "tests/sinks/test_redis_sink.py",
            "tests/sources/test_kill.py",
            "tests/sources/test_up.py",
            "tests/test_isolation.py",
            "tests/text/test_twitter_agreement.py",
            "tests/trends",
            "tests/wall/test_blocks.py",
            "tests/wall/test_http.py",
            "tests/wall/test_report.py",
            "tests/web/test_fuzz.py",
            "tests/web/test_hostile.py",
            "tests/web/test_load.py",
            "tests/web/test_requests.py",
            "tests/web/test_stream.py",
        ),
        (),
    ),
}

# Run in the background of a shell, we and every command we start would be deaf to Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def settings_of_the_shell() -> list[str]:
    """The variables that would change what upswell does."""
    return [name for name in os.environ if name.startswith("UPSWELL_") and not name.startswith(OF_THE_TESTS)]


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_shell() -> Iterator[None]:
    """No variable of whoever runs the tests has a say: neither here nor in the commands that tests start."""
    with pytest.MonkeyPatch.context() as environment:
        for name in settings_of_the_shell():
            environment.delenv(name)
        environment.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # or each command compiles all its modules anew
        yield


# The tests of a file run in one process, files as processes get free. Those that mostly wait and those that compute are
# begun by turns, so that neither the cores nor the time are left over; the longest of each come first.
WAITING = (
    "tests/kafka/test_chaos.py",
    "tests/kafka/test_pipeline.py",
    "tests/kafka/test_definitions.py",
    "tests/kafka/test_outage.py",
    "tests/kafka/test_ends.py",
    "tests/kafka/test_clocks.py",
    "tests/kafka/test_",
    "tests/alerts/",
)
COMPUTING = (
    "tests/trends/test_against_oracle.py",
    "tests/wall/test_accessible.py",
    "tests/wall/",
    "tests/trends/",
    "tests/browser/",
    "tests/",
)


def by_turns(files: Iterable[str]) -> list[str]:
    """All of the files, in the order in which they are begun."""

    def ranked(kind: Sequence[str], some: Iterable[str]) -> list[str]:
        return sorted(some, key=lambda file: next(rank for rank, start in enumerate(kind) if file.startswith(start)))

    waiting = [file for file in files if file.startswith(WAITING)]
    turns = zip_longest(ranked(WAITING, waiting), ranked(COMPUTING, (it for it in files if it not in waiting)))
    return [file for turn in turns for file in turn if file]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks each test by its folder and by the fixtures that it asks for, and puts files in the order of `by_turns`."""
    of = {item: item.path.relative_to(ROOT).as_posix() for item in items}
    order = {file: place for place, file in enumerate(by_turns(dict.fromkeys(of.values())))}
    items.sort(key=lambda item: order[of[item]])
    for item, where in of.items():
        for mark, (folders, fixtures) in MARKS.items():
            if where.startswith(folders) or set(fixtures) & set(getattr(item, "fixturenames", ())):
                item.add_marker(mark)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """All tests and what they import are no garbage: the cycle collector does not look through them, neither while they
    are collected nor later. That is a quarter of the CPU time of tests that compute."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data beside the checkout (or at UPSWELL_DATA); the test is skipped where it is absent."""
    folder = Path(os.environ.get("UPSWELL_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (set UPSWELL_DATA)")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser."""
    from playwright.sync_api import expect, sync_playwright

    program = next((one for one in CHROMIUMS if Path(one).exists()), None)
    if program is None:
        pytest.skip("no /usr/bin/chromium (apt-get install chromium)")
    expect.set_options(timeout=20_000)  # CI may have other things to do
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        launched.close()
