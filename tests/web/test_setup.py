"""`/setup` over HTTP: who may, what a form writes, what is refused and how it is told, and that nothing is lost."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from pipeline.cli.common import tell_link
from pipeline.settings import SettingsError
from pipeline.settings.writing import table_of, table_text, toml_of
from pipeline.trends.alerting import Alerting
from pipeline.web.app import create_app
from pipeline.web.door import Door
from pipeline.web.feed import Feed
from pipeline.web.history import DAY_MS, History
from pipeline.web.links import KEPT_S, Links, LinksError
from pipeline.web.setup.changes import Change, named
from pipeline.web.setup.forms import TABLES, fields_of, filled, name_of, table_filled
from pipeline.web.setup.pages import Setup, setup_routes
from pipeline.web.setup.trying import would_fire
from pipeline.web.tokens import COOKIE, LINK_S, LOGIN_COOKIE, Gate
from pipeline.wording import alert_text, language
from schemas.access import Token
from schemas.alerts import Receiver, Rule
from schemas.definitions import Definitions
from schemas.events import Event, Stage
from schemas.watchlists import Watchlist
from tests.sinks.lists import trend_list
from tests.web.desk import Desk

ANN = Token("ann", "a-secret-for-ann-0", "write")
EVE = Token("eve", "a-secret-for-eve-0", "read")
FETE = Event(
    "fete",
    title="La <b>fête</b>",
    hashtags=("#fête", "#two words"),
    start=1_795_000_000_500,
    time_zone="Europe/Paris",
    stage=Stage(logo="data:image/png;base64,iVBORw0="),
)
OPS = Receiver("ops", "webhook", "https://example.org/a-secret-path")
NIGHT = Receiver("night", "webhook", "https://example.org/b", secret="another-secret")
BEGUN = Definitions(7, "bob", (FETE,), (Watchlist("acme", words=("acme",)),), (Rule("r", on="event:fete"),), ("sms",))


class Browser:
    """A browser that is signed in, and fills in forms."""

    def __init__(self, client: TestClient[Litestar], gate: Gate, token: Token | None) -> None:
        self.client, self.told = client, {"Accept": "text/html"}
        if token is not None:
            self.told["Cookie"] = f"{COOKIE}={gate.begin(token)}"
        self.page = ""
        self.status = 0

    def get(self, path: str) -> str:
        return self._took(self.client.get(path, headers=self.told))

    def send(self, path: str, **form: str) -> str:
        """Sends what is filled in with what the page before has hidden in its form."""
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', self.page))
        told = {name: html.unescape(value) for name, value in hidden.items()} | form
        return self._took(self.client.post(path, data=told, headers=self.told, follow_redirects=False))

    def _took(self, answer: Any) -> str:
        self.status, self.page, self.headers = answer.status_code, answer.text, answer.headers
        return self.page


class Served:
    def __init__(self) -> None:
        self.desk, self.gate = Desk(BEGUN), Gate((ANN, EVE))
        self.history, self.tested = History(), list[tuple[str, str]]()
        setup = Setup(Door(self.gate), self.desk, self.history, (OPS, NIGHT), self._try)
        app = create_app(Feed(), routers=[setup_routes(setup)])
        self.client = TestClient(app)

    async def _try(self, receiver: Receiver, lang: str) -> str:
        self.tested.append((receiver.name, lang))
        return "" if receiver is OPS else "refused <b>"

    def browser(self, token: Token | None = ANN) -> Browser:
        return Browser(self.client, self.gate, token)


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    made = Served()
    with made.client:
        yield made


@pytest.fixture
def served(running: Served) -> Served:
    running.desk.begin()
    return running


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_an_event_is_set_up_from_its_title_and_hashtag_and_nothing_is_written_before_it_was_looked_at(
    served: Served,
) -> None:
    ann = served.browser()
    ann.get("/setup/event")
    looked = ann.send(
        "/setup/event",
        act="review",
        title="Cap’Com & Net <2026>",
        hashtags="capcomnet, #CapCom",
        words="communication publique\n\n  radio  ",
        start="2026-11-23T09:00",
        time_zone="Europe/Paris",
        moderation="manual",
        posting="on",
        **{"stage.layout": "masonry"},
    )
    assert (ann.status, served.desk.written) == (200, [])
    assert '+ title = "Cap’Com & Net <2026>"' in text_of(looked)
    assert "<2026>" not in looked
    ann.send("/setup/apply")
    assert (ann.status, ann.headers["location"]) == (303, "/setup?done=1")
    assert served.desk.now.events == (
        FETE,
        Event(
            "cap-com-net-2026",
            title="Cap’Com & Net <2026>",
            hashtags=("#capcomnet", "#CapCom"),
            words=("communication publique", "radio"),
            start=1_795_420_800_000,
            time_zone="Europe/Paris",
            moderation="manual",
            posting=True,
            stage=Stage("masonry"),
        ),
    )
    assert served.desk.now.by == "ann"
    assert msgspec.structs.replace(served.desk.now, events=(FETE,), at=7, by="bob") == BEGUN


def test_what_a_form_does_not_show_whole_stays_as_it_was(served: Served) -> None:
    ann = served.browser()
    ann.get("/setup/event/fete")
    ann.send("/setup/event/fete", act="review", **(filled("event", FETE) | {"title": "New"}))
    ann.send("/setup/apply")
    assert served.desk.now.events == (msgspec.structs.replace(FETE, title="New"),)


@pytest.mark.parametrize("one", [FETE, *BEGUN.watchlists, *BEGUN.rules, Rule("s", kind="surge", score=8.123456789)])
def test_a_form_that_nobody_changes_says_what_is_defined(one: Any) -> None:
    kind = next(kind for kind, table in TABLES.items() if isinstance(one, table))
    assert table_text(kind, table_filled(kind, filled(kind, one), one)) == table_text(kind, table_of(one))


@pytest.mark.parametrize(
    ("kind", "form", "field", "sentence"),
    [
        ("event", {"title": "東京"}, "name", "Letters from a to z"),
        ("event", {"name": "fete"}, "name", "no other may have this name"),
        ("event", {"name": "a", "time_zone": "Mars/Base"}, "time_zone", "no such time zone"),
        ("event", {"name": "a", "start": "tomorrow <b>"}, "start", "no date"),
        ("event", {"name": "a", "start": "2026-01-02T00:00", "end": "2026-01-01T00:00"}, "end", "before the beginning"),
        ("event", {"name": "a", "stage.accent": "red"}, "stage_accent", "#1b1036"),
        ("event", {"name": "a", "moderation": "none"}, "moderation", "Choose one of what is offered."),
        ("event", {"name": "a", "title": "a" * 201}, "title", "too long"),
        ("watchlist", {"name": "a", "langs": "french"}, "langs", "two or three letters"),
        ("watchlist", {"name": "a", "words": "\u200b"}, "words", "at least a letter"),
        ("rule", {"name": "a", "top": "many"}, "top", "A whole number between 1 and 100 is needed."),
        ("rule", {"name": "a", "score": "-1"}, "score", "A number between 0 and 10,000 is needed."),
        ("rule", {"name": "a", "kind": "volume"}, "kind", "either posts or people"),
        ("rule", {"name": "a", "on": "event:none"}, "on", "There are no such posts"),
        ("rule", {"name": "a", "quiet": "night"}, "quiet", "22:00-07:00"),
    ],
)
def test_what_does_not_fit_is_told_at_its_field_and_what_was_written_is_kept(
    served: Served, kind: str, form: dict[str, str], field: str, sentence: str
) -> None:
    ann = served.browser()
    ann.get(f"/setup/{kind}")
    page = ann.send(f"/setup/{kind}", act="review", **form)
    assert ann.status == 422
    assert sentence in text_of(page.partition(f'id="fault-{field}"')[2].partition("</p>")[0])
    assert re.search(rf'id="field-{field}"[^>]*aria-describedby="[^"]*fault-{field}" aria-invalid="true"', page)
    for value in form.values():
        assert html.escape(value).replace("&#x27;", "&#39;") in page
    assert served.desk.written == []


@pytest.mark.parametrize(("lang", "sentence"), [("fr", "Il faut un nombre entier entre 1 et 100."), ("es", "entero")])
def test_what_does_not_fit_is_told_in_the_readers_language_alone(served: Served, lang: str, sentence: str) -> None:
    ann = served.browser()
    ann.get(f"/setup/rule?lang={lang}")
    page = ann.send(f"/setup/rule?lang={lang}", act="review", name="a", top="many")
    assert sentence in text_of(page)
    assert 'lang="en"' not in page.partition("<main")[2]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "on",
        "all",
        "event:fete",
        "auto",
        "1h",
        "22:00-07:00",
        "2026-01-01T00:00",
        "Europe/Paris",
        "nan",
        "1e999",
        "9" * 5_000,
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_filled_in_is_refused_as_such_or_read_back_as_it_was_written(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(TABLES)))
    keys = [field.key for fields in fields_of(kind).values() for field in fields]
    form = data.draw(st.dictionaries(st.sampled_from(keys), texts, max_size=4)) | {"name": "x"}
    try:
        made = Change(kind, "", table_text(kind, table_filled(kind, form))).of(BEGUN)
    except SettingsError:
        return
    one = named(made, kind, "x")
    assert one is not None
    assert (
        Change(kind, "x", table_text(kind, table_filled(kind, filled(kind, one), one))).of(made).content == made.content
    )


def test_what_another_table_needs_is_not_taken_away(served: Served) -> None:
    ann = served.browser()
    ann.get("/setup/event/fete")
    page = ann.send("/setup/event/fete", act="remove")
    said = "it would leave the alert rule “r” with something wrong at “Of which posts”. There are no such posts"
    assert (ann.status, said in text_of(page)) == (422, True)
    ann.get("/setup/rule/r")
    assert "− [[rule]]" in text_of(ann.send("/setup/rule/r", act="remove"))
    ann.send("/setup/apply")
    assert served.desk.now.rules == ()


def test_who_was_overtaken_is_told_overwrites_nothing_and_may_look_again(served: Served) -> None:
    ann, bob = served.browser(), served.browser()
    for who, name in ((ann, "one"), (bob, "two")):
        who.get("/setup/watchlist")
        who.send("/setup/watchlist", act="review", name=name, words=name)
    ann.send("/setup/apply")
    page = bob.send("/setup/apply")
    assert (bob.status, len(served.desk.written)) == (409, 1)
    assert "ann has changed something meanwhile" in text_of(page)
    assert ('+ name = "two"' in text_of(page), "- name" in text_of(page)) == (True, False)
    bob.send("/setup/apply")
    assert [one.name for one in served.desk.now.watchlists] == ["acme", "one", "two"]


def test_a_rule_is_tried_out_on_the_lists_of_the_last_days_by_the_code_that_alerts(served: Served) -> None:
    lists = [trend_list(*["#lyon"][: n == 20], at=1_795_000_020_000 + n * 600_000) for n in range(60)]
    rest = [msgspec.structs.replace(one, at=one.at - 8 * DAY_MS) for one in lists]
    for one in (*rest, *lists):
        served.history.add(one)
    served.history.flush()
    ann = served.browser()
    ann.get("/setup/rule")
    form = {"act": "try", "name": "city", "on": "all", "resolve_s": "0"}
    page = text_of(ann.send("/setup/rule", **form))
    rule = Rule("city", resolve_s=0)
    alerting = Alerting([rule])
    fired = [alert for one in lists for alert in alerting.take(one) if alert.status == "firing"]
    assert would_fire(rule, served.history).fired == fired[::-1]
    assert len(fired) == 1
    assert "Would have fired once from" in page
    assert alert_text(fired[0], language("en")) in page
    assert "Would have fired 0 times" in text_of(ann.send("/setup/rule", **(form | {"topics": "#paris"})))
    assert "no lists of these posts yet" in text_of(ann.send("/setup/rule", **(form | {"on": "event:fete"})))
    assert 'value="city"' in ann.page
    assert served.desk.written == []


def test_a_receiver_gets_a_test_and_its_address_is_not_shown(served: Served) -> None:
    ann = served.browser()
    page = ann.get("/setup?lang=fr")
    for name in ("ops", "night"):
        page += ann.send(f"/setup/receivers/{name}?lang=fr")
    assert served.tested == [("ops", "fr"), ("night", "fr")]
    assert "ops : l’essai est arrivé." in text_of(page).replace("\xa0", " ")
    assert "refused <b>" in text_of(page)
    assert not re.search("<b>|secret|example.org", page)
    ann.send("/setup/receivers/none")
    assert ann.status == 404
    ann.send("/setup/receivers/ops", csrf="x")
    assert (ann.status, len(served.tested)) == (403, 2)


def test_a_file_goes_out_and_in_and_its_secrets_stay_out_of_the_page(served: Served) -> None:
    ann = served.browser()
    told = ann.get("/setup/upswell.toml")
    assert told == toml_of(BEGUN)
    ann.get("/setup/file")
    page = ann.send("/setup/file", text=told + '\n[[token]]\nname = "x"\nsecret = "0123456789abcdef"\n')
    assert "Nothing changes" in text_of(page)
    ann.get("/setup/file")
    changed = told.replace('"acme"', '"acme2"') + '\n[[token]]\nname = "x"\nsecret = "0123456789abcdef"\n'
    page = ann.send("/setup/file", text=changed)
    assert "0123456789abcdef" not in page
    ann.send("/setup/apply")
    assert [one.name for one in served.desk.now.watchlists] == ["acme2"]
    page = ann.send("/setup/file", text="[[event]\n<script>")
    assert ann.status in (403, 422)


def test_a_file_with_a_fault_is_shown_with_its_line(served: Served) -> None:
    ann = served.browser()
    ann.get("/setup/file")
    page = ann.send("/setup/file", text='[[event]]\nname = "A b"\n</textarea><script>')
    assert ann.status == 422
    assert "upswell.toml:3:" in text_of(page)
    assert "<script>" not in page


def test_a_form_of_another_page_changes_nothing(served: Served) -> None:
    ann = served.browser()
    ann.get("/setup/event")
    for csrf in ("", "x", "é"):
        ann.send("/setup/event", csrf=csrf, act="review", name="a")
        assert ann.status == 403
        ann.send("/setup/apply", csrf=csrf, kind="event", was="", text='[[event]]\nname = "a"\n', since=BEGUN.version)
        assert ann.status == 403
    assert served.desk.written == []


def test_who_may_not_decide_sets_nothing_up(served: Served) -> None:
    eve, nobody = served.browser(EVE), served.browser(None)
    for path in ("/setup", "/setup/event", "/setup/event/fete", "/setup/file", "/setup/upswell.toml"):
        eve.get(path)
        assert eve.status == 403
        assert 'type="password"' in nobody.get(path)
        assert "#two" not in nobody.page
    nobody.send("/setup/apply", kind="event", was="fete", text="", since=BEGUN.version)
    assert served.desk.written == []


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
    assert "without Kafka" in page


def test_a_link_for_somebody_moderates_sets_nothing_up_and_can_be_taken_back(served: Served) -> None:
    ann = served.browser()
    ann.get("/setup")
    page = ann.send("/setup/links", name="Bob", rights="write")
    secret = page.partition("/moderate?link=")[2].partition("<")[0]
    assert secret not in ann.get("/setup")
    for name in ("Bob", "<b>", ""):
        ann.send("/setup/links", name=name)
        assert ann.status == 422
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


def test_there_is_nothing_where_nothing_is(served: Served) -> None:
    ann = served.browser()
    for path in ("/setup/planet", "/setup/event/none", "/setup/planet/fete"):
        ann.get(path)
        assert ann.status == 404


@pytest.mark.parametrize("lang", ["en", "fr", "es"])
def test_every_page_says_all_in_each_language(served: Served, lang: str) -> None:
    ann = served.browser()
    for path in ("/setup", "/setup/event", "/setup/event/fete", "/setup/watchlist", "/setup/rule/r", "/setup/file"):
        page = ann.get(f"{path}?lang={lang}")
        assert (ann.status, f'<html lang="{lang}">' in page) == (200, True)
        for control in re.findall(r'<(?:input|select|textarea)(?! type="hidden")[^>]* id="([\w-]+)"', page):
            assert re.search(rf'<label for="{control}">[^<{{]+</label>', page), control


def test_a_name_is_made_of_a_title() -> None:
    assert [name_of(one) for one in ("Fête de l’Été", " A_b ", "東京", "x" * 90)] == [
        "fete-de-l-ete",
        "a_b",
        "",
        "x" * 63,
    ]
