"""Who may set up at `/setup`, how they get in, and what links for others may do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from litestar.testing import TestClient

from pipeline.cli.common import tell_link
from pipeline.web.app import create_app
from pipeline.web.door import Door
from pipeline.web.feed import Feed
from pipeline.web.links import KEPT_S, Links, LinksError
from pipeline.web.setup.pages import Setup, setup_routes
from pipeline.web.tokens import COOKIE, LINK_S, LOGIN_COOKIE, Gate
from tests.web.setup_server import ANN, BEGUN, EVE, Browser, Served, text_of


def test_who_may_not_decide_sets_nothing_up(served: Served) -> None:
    eve, nobody = served.browser(EVE), served.browser(None)
    for path in ("/setup", "/setup/event", "/setup/event/fete", "/setup/file", "/setup/upswell.toml"):
        eve.get(path)
        assert eve.status == 403
        assert 'type="password"' in nobody.get(path)
        assert "#two" not in nobody.page
    nobody.send("/setup/apply", kind="event", was="fete", text="", since=BEGUN.version)
    assert nobody.status == 401
    assert served.desk.written == []


def test_a_form_of_another_page_changes_nothing(served: Served) -> None:
    ann = served.browser()
    ann.get("/setup/event")
    for csrf in ("", "x", "é"):
        ann.send("/setup/event", csrf=csrf, act="review", name="a")
        assert ann.status == 403
        ann.send("/setup/apply", csrf=csrf, kind="event", was="", text='[[event]]\nname = "a"\n', since=BEGUN.version)
        assert ann.status == 403
    assert served.desk.written == []


def test_a_form_asks_whether_its_session_goes_on_and_what_it_must_bring(served: Served) -> None:
    ann, nobody = served.browser(), served.browser(None)
    page = ann.get("/setup/event")
    ann.told["Accept"] = nobody.told["Accept"] = "*/*"  # a script's
    assert re.findall(r'name="csrf" value="([^"]+)"', page) == [json.loads(ann.get("/setup/session"))["csrf"]]
    for path in ("/setup/session", "/setup/suggested?title=a"):
        nobody.get(path)
        assert nobody.status == 401


def test_without_kafka_the_page_says_so(served: Served) -> None:
    served.desk.away = True
    page = served.browser().get("/setup")
    assert "Kafka at <nowhere> does not answer" in text_of(page)
    assert "<nowhere>" not in page


def test_a_link_signs_in_once_and_not_by_being_looked_at(served: Served) -> None:
    link, nobody = served.gate.link(), served.browser(None)
    for _ in range(2):
        assert 'type="password"' not in nobody.get(f"/setup?link={link}")

    def entered() -> int:
        nobody.client.cookies.clear()
        nobody.told.pop("Cookie", None)
        nobody.get(f"/setup?link={link}")
        nobody.told["Cookie"] = f"{LOGIN_COOKIE}={nobody.client.cookies[LOGIN_COOKIE]}"
        nobody.send("/setup/login")
        return nobody.status

    assert (entered(), nobody.headers["location"]) == (303, "/setup")
    nobody.told["Cookie"] = f"{COOKIE}={nobody.client.cookies[COOKIE]}"
    assert "Last changed" in nobody.get("/setup")
    assert entered() == 401
    nobody.client.cookies.clear()


def test_a_link_is_told_to_a_terminal_alone_where_no_token_may_decide_and_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    gate = Gate((EVE,), lambda: now[0])
    tell_link(gate, "http://here/")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    tell_link(Gate((EVE, ANN)), "http://here/")
    assert capsys.readouterr().out == ""
    tell_link(gate, "http://here/")
    told = capsys.readouterr().out.partition("http://here/setup?link=")[2].strip()
    assert len(told) > 40
    now[0] = LINK_S
    assert gate.signed_in(told) is None
    signed = gate.signed_in(gate.link())
    assert (signed is not None and signed.rights, Gate(()).open, gate.open) == ("write", False, True)


def test_without_a_token_or_a_link_the_page_tells_how_to_get_in() -> None:
    with TestClient(create_app(Feed(), routers=[setup_routes(Setup(Door(Gate(()))))])) as client:
        page = client.get("/setup", headers={"Accept": "text/html"})
    assert page.status_code == 403
    assert "UPSWELL_TOKENS" in page.text
    assert "upswell serve" in page.text


def test_a_server_without_kafka_says_that_nothing_is_set_up_there(served: Served) -> None:
    with TestClient(create_app(Feed(), routers=[setup_routes(Setup(Door(served.gate)))])) as client:
        page = Browser(client, served.gate, ANN).get("/setup")
    assert "<code>upswell demo</code> without <code>--in-process</code>" in page
    assert 'class="button" href="/events"' in page  # nothing leads back to where one is


def test_a_link_for_somebody_moderates_sets_nothing_up_and_can_be_taken_back(served: Served) -> None:
    ann = served.browser()
    ann.get("/setup")
    page = ann.send("/setup/links", name="Bob", rights="write")
    secret = page.partition("/moderate?link=")[2].partition("<")[0]
    assert ann.headers["cache-control"] == "no-store", (
        "but for what signs somebody in, an answer to a form is there for who goes back"
    )
    assert secret not in ann.get("/setup")
    for name in ("Bob", "<b>", ""):
        ann.send("/setup/links", name=name)
        assert (ann.status, ann.headers["cache-control"]) == (422, "private, no-cache")
    token = served.gate.signed_in(secret)
    assert token is not None
    assert (token.name, token.rights, served.gate.signed_in(secret)) == ("Bob", "write", token)
    cookie = served.gate.begin(token)
    bob = served.browser(token)
    bob.get("/setup")
    assert bob.status == 403
    ann.get("/setup")
    ann.send("/setup/links/Bob")
    assert (served.gate.session(cookie), served.gate.signed_in(secret)) == (None, None)
    assert served.gate.bearer(f"Bearer {token.secret}") is None


def test_links_outlive_a_restart_without_their_secrets_and_end(tmp_path: Path) -> None:
    file, now = tmp_path / "state" / "links.json", [0.0]
    secret = Links(file, lambda: now[0]).make("ann", "read")
    assert (secret in file.read_text(), file.stat().st_mode & 0o077) == (False, 0)
    again = Links(file, lambda: now[0])
    token = again.token_of(secret)
    assert (token and token.rights, again.token_of("x"), again.token_of("")) == ("read", None, None)
    assert token is not None
    assert again.token_of(token.secret) is None  # what is kept opens nothing
    now[0] = KEPT_S
    assert (again.token_of(secret), again.all()) == (None, [])
    file.write_text("[")
    with pytest.raises(LinksError, match=r"links\.json"):
        Links(file)
