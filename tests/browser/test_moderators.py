"""Two moderators and an audience while `upswell serve` is killed and started again, over Kafka, as at an event."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.kafka import topics
from pipeline.settings import Settings, load_settings
from tests.kafka.apache import free_port
from tests.kafka.commands import Command
from tests.kafka.test_walls import Log

SECRETS = {"ann": "a-secret-for-ann-0", "bob": "a-secret-for-bob-0"}
EVENT = '[[event]]\nname = "conf"\ntitle = "Conf"\nhashtags = ["#conf"]\nmoderation = "manual"\n'


@pytest.fixture
def settings(embedded: str, prefix: str, tmp_path: Path) -> Settings:
    settings = load_settings(kafka_brokers=embedded, kafka_prefix=prefix)
    topics.init_topics(settings)
    (tmp_path / "upswell.toml").write_text(EVENT)
    return settings


class Server:
    """`upswell serve` on one port and in one folder, as often as it is started."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings, self._folder, self._port = settings, folder, free_port()
        self.address = f"http://127.0.0.1:{self._port}"

    def started(self) -> Command:
        tokens = " ".join(f"{name}:write:{secret}" for name, secret in SECRETS.items())
        log = self._folder / "serve.log"
        return Command(self._settings, log, "serve", "--port", str(self._port), UPSWELL_TOKENS=tokens)

    def waits_for(self, command: Command, posts: int) -> None:
        """Until so many wait for approval."""
        asks = {"Authorization": f"Bearer {SECRETS['ann']}"}

        def waiting() -> bool:
            try:
                answer = httpx.get(f"{self.address}/api/v1/moderation/conf?queue=waiting", headers=asks, timeout=10)
            except httpx.TransportError:
                return False
            return answer.status_code == 200 and len(answer.json()["posts"]) == posts

        command.wait_for(waiting)


def moderator(browser: Browser, server: Server, name: str) -> Page:
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(f"{server.address}/moderate/conf")
    page.get_by_label("Token").fill(SECRETS[name])
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#queue .post")).to_have_count(4)
    return page


@pytest.mark.timeout(240)
def test_two_moderators_decide_while_the_server_is_killed_and_each_sees_what_the_other_decided(
    browser: Browser, settings: Settings, tmp_path: Path
) -> None:
    """Nobody signs in again; what was decided while no server answered is done once, and can be taken back; an order
    of before holds; the audience sees it all, and nothing of how it is made."""
    server, log = Server(settings, tmp_path), Log(settings)
    log.post("c1", "c2", "c3", "c4", tag="#conf")
    with server.started() as before:
        server.waits_for(before, 4)
        ann, bob = moderator(browser, server, "ann"), moderator(browser, server, "bob")
        screen = browser.new_context(locale="en-GB").new_page()
        screen.goto(f"{server.address}/screen/conf")
        ann.locator("#queue .post", has_text="c1 said").click()
        ann.keyboard.press("a")
        expect(screen.get_by_text("c1 said")).to_be_visible()
        expect(bob.locator("#queue .post")).to_have_count(3)
    for page, name, key in (ann, "c2", "a"), (bob, "c3", "b"):
        page.locator("#queue .post", has_text=f"{name} said").click()
        page.keyboard.press(key)
        expect(page.locator("#fault")).to_contain_text("This is kept")
    expect(screen.get_by_text("c1 said")).to_be_visible()
    with server.started() as after:
        server.waits_for(after, 1)
        for page in ann, bob:
            expect(page.locator("#queue .said")).to_have_text(["c4 said #conf"])
            expect(page.locator("#decisions li")).to_have_count(3)
            expect(page.locator("#decisions")).to_contain_text("ann approved a post of by-c2: “c2 said #conf”")
            expect(page.locator("#decisions")).to_contain_text("bob blocked a post of by-c3: “c3 said #conf”")
            expect(page.locator("#fault")).to_have_text("")
            expect(page.locator("#status")).to_have_text("")
        expect(screen.get_by_text("c2 said")).to_be_visible()
        expect(screen.get_by_text("c3 said")).to_have_count(0)
        ann.locator("#last").get_by_role("button", name="Undo").click()
        expect(bob.locator("#queue .post")).to_have_count(2)
        expect(screen.get_by_text("c2 said")).to_have_count(0)
        expect(screen.locator("body")).not_to_contain_text("connect")
        bob.locator("#queue .post", has_text="c4 said").click()
        bob.keyboard.press("p")  # nothing that waits can be pinned
        bob.keyboard.press("a")
        expect(screen.get_by_text("c4 said")).to_be_visible()
        assert "Traceback" not in after.said
    for page in ann, bob, screen:
        page.context.close()
