"""What every test can ask for, what none inherits, and which marks a test has by what it needs."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
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

CHROMIUM = Path("/usr/bin/chromium")
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
            "tests/bench/test_core.py",
            "tests/cli/test_command.py",
            "tests/cli/test_demo.py",
            "tests/cli/test_up_data.py",
            "tests/compose",
            "tests/evaluation",
            "tests/grafana",
            "tests/model",
            "tests/simulator",
            "tests/sinks/test_redis_sink.py",
            "tests/text/test_twitter_agreement.py",
            "tests/trends",
            "tests/wall/test_blocks.py",
            "tests/wall/test_http.py",
            "tests/web/test_fuzz.py",
            "tests/web/test_hostile.py",
            "tests/web/test_load.py",
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


LONGEST = (
    "tests/kafka/test_chaos.py",
    "tests/kafka/test_clocks.py",
    "tests/kafka/test_live_outage.py",
    "tests/alerts/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks each test by its folder and by the fixtures that it asks for. Those that take minutes, mostly waiting, come
    first: of several at once the last one to end is then a short one."""
    items.sort(key=lambda item: not item.path.relative_to(ROOT).as_posix().startswith(LONGEST))
    for item in items:
        where = item.path.relative_to(ROOT).as_posix()
        for mark, (folders, fixtures) in MARKS.items():
            if where.startswith(folders) or set(fixtures) & set(getattr(item, "fixturenames", ())):
                item.add_marker(mark)


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

    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium (apt-get install chromium)")
    expect.set_options(timeout=20_000)  # CI may have other things to do
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield launched
        launched.close()
