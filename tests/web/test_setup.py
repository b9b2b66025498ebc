"""`/setup` over HTTP: what a form writes, what is refused and how it is told, and that nothing is lost."""

from __future__ import annotations

import html
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.settings import SettingsError
from pipeline.settings.writing import table_of, table_text, toml_of
from pipeline.trends.alerting import Alerting
from pipeline.web.history import DAY_MS
from pipeline.web.setup.changes import Change, named
from pipeline.web.setup.forms import TABLES, fields_of, filled, name_of, table_filled
from pipeline.web.setup.trying import would_fire
from pipeline.wording import alert_text, language
from schemas.alerts import Rule
from schemas.events import Event, Stage
from tests.sinks.lists import trend_list
from tests.web.setup_server import BEGUN, FETE, Served, text_of


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


def test_a_look_at_a_change_leads_back_to_the_form_as_it_was_filled_in(served: Served) -> None:
    ann = served.browser()
    ann.get("/setup/event")
    ann.send("/setup/event", act="review", title="One & <b>two</b>", hashtags="a b", start="2026-10-25T02:30")
    page = html.unescape(ann.send("/setup/event", act="again"))
    assert (ann.status, 'value="One & <b>two</b>"' in page, 'value="#a #b"' in page) == (200, True, True)
    assert 'value="2026-10-25T02:30"' in page
    ann.send("/setup/event/fete", act="remove")
    assert 'value="La <b>fête</b>"' in html.unescape(ann.send("/setup/event/fete", act="again"))
    ann.get("/setup/file")
    ann.send("/setup/file", text='[[watchlist]]\nname = "b"\nwords = ["b"]')
    assert 'name = "b"' in html.unescape(ann.send("/setup/file", act="again"))
    assert served.desk.written == []


@pytest.mark.parametrize(("path", "form"), [("/setup/watchlist", {"name": "b"}), ("/setup/rule/r", {"act": "remove"})])
def test_what_is_sent_twice_is_done_once(served: Served, path: str, form: dict[str, str]) -> None:
    ann = served.browser()
    ann.get(path)
    looked = ann.send(path, **{"act": "review", "words": "b"} | form)
    for _ in range(2):
        ann.page = looked
        ann.send("/setup/apply")
        assert (ann.status, ann.headers["location"]) == (303, "/setup?done=1")
    assert len(served.desk.written) == 1


def test_the_overview_leads_to_the_pages_of_each_event(served: Served) -> None:
    page = served.browser().get("/setup")
    for path in ("/events/fete", "/events/fete/wall", "/screen/fete", "/moderate/fete"):
        assert f'href="{path}"' in page


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


def test_what_was_just_written_is_said_once(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def behind() -> list[int]:
        return [0]

    monkeypatch.setattr(served.desk, "behind", behind)
    ann = served.browser()
    assert "not in force everywhere yet" in text_of(ann.get("/setup"))
    after = text_of(ann.get("/setup?done=1"))
    assert "It is written." in after
    assert "not in force" not in after
