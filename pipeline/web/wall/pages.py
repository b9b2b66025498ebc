"""The HTML around walls, boards and moderation: shells that the browser fills, in French or English, nothing inline."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence
from html import escape
from typing import Any

from litestar import MediaType, Request, Response

from pipeline.text import printable
from pipeline.web.frame import Lang, head, language, top
from schemas.events import Event

AnyRequest = Request[Any, Any, Any]
_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "board": "Board", "wall": "Wall", "screen": "Big screen", "moderate": "Moderation", "events": "Events",
        "script": "This page needs JavaScript; the same is to be had as JSON at",
        "token": "Token", "enter": "Log in", "wrong": "That is no token of this server.",
        "ask": "Moderators sign in with the token that the administrator gave them.",
        "off": "Moderation is off: no token is set. Add one to upswell.toml and start again:",
        "or": "or set the variable", "none": "No event is described; add [[event]] to upswell.toml:",
        "everywhere": "All events", "to": "to", "since": "since", "until": "until",
    },
    "fr": {
        "board": "Tableau", "wall": "Mur", "screen": "Grand écran", "moderate": "Modération", "events": "Événements",
        "script": "Cette page a besoin de JavaScript ; les mêmes données sont en JSON à",
        "token": "Jeton", "enter": "Se connecter", "wrong": "Ce n’est pas un jeton de ce serveur.",
        "ask": "Les modérateurs se connectent avec le jeton que l’administrateur leur a donné.",
        "off": "La modération est éteinte : aucun jeton n’est défini. Ajoutez-en un à upswell.toml et relancez :",
        "or": "ou définissez la variable", "none": "Aucun événement n’est décrit ; ajoutez [[event]] à upswell.toml :",
        "everywhere": "Tous les événements", "to": "au", "since": "depuis le", "until": "jusqu’au",
    },
}  # fmt: skip
_TO_SIGN_IN = '[[token]]\nname = "ann"\nsecret = "…"   # openssl rand -hex 24\nrights = "write"'
_EVENT = '[[event]]\nname = "capcomnet"\ntitle = "Cap\'Com Net"\nhashtags = ["#capcomnet"]\ntime_zone = "Europe/Paris"'


def page(request: AnyRequest, title: str, body: str, *, here: str = "events", script: str = "", status: int = 200,
         data: dict[str, str] | None = None) -> Response[str]:  # fmt: skip
    """A whole page; `body` is HTML with everything escaped already, `data` what the script is told. `here`: which of
    the site's pages it belongs to; empty for one without the bar above."""
    attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in (data or {}).items() if value)
    bar = top(request, here) if here else ""
    html = f"{head(title, language(request), ('wall/wall',), script)}<body{attributes}>{bar}{body}</body></html>"
    return Response(html, media_type=MediaType.HTML, status_code=status,
                    headers={"cache-control": "no-store", "vary": "accept-language"})  # fmt: skip


def shell(request: AnyRequest, event: Event, view: str, data: dict[str, str] | None = None) -> Response[str]:
    """The page of one view of an event: `board`, `wall`, `screen` or `moderate`."""
    words, name = _WORDS[language(request)], printable(event.title or event.name)
    asked = _asked(request)
    links = "".join(
        f'<a href="{path}{asked}"{" aria-current=page" if key == view else ""}>{words[key]}</a>'
        for key, path in _views(event)
    )
    api = f"/api/v1/events/{event.name}"
    about = "" if view == "screen" else f'<nav class="views" aria-label="{words["events"]}">{links}</nav>'
    body = (
        f'<header class="event"><div><h1>{escape(name)}</h1>{_facts(event, language(request))}</div>'
        f'<p id="status" role="status"></p>{about}</header><main id="main" tabindex="-1"></main>'
        f'<noscript><p>{words["script"]} <a href="{api}">{api}</a></p></noscript>'
    )
    told = {"view": view, "event": event.name, "title": name, "zone": event.time_zone} | (data or {})
    here = "" if view == "screen" else "moderate" if view == "moderate" else "events"
    return page(request, f"{name} · {words[view]}", body, here=here, script="wall/wall", data=told)


def _views(event: Event) -> Sequence[tuple[str, str]]:
    return (
        ("board", f"/events/{event.name}"), ("wall", f"/events/{event.name}/wall"),
        ("screen", f"/screen/{event.name}"), ("moderate", f"/moderate/{event.name}"),
    )  # fmt: skip


def _asked(request: AnyRequest) -> str:
    return f"?lang={language(request)}" if request.query_params.get("lang") else ""


def _facts(event: Event, lang: Lang) -> str:
    """The event's hashtags and its time, by the clock of its place."""
    tags = "".join(f'<bdi class="hashtag">{escape(printable(tag))}</bdi> ' for tag in event.hashtags[:4])
    return f'<p class="about">{tags}<span class="quiet">{escape(_span(event, lang))}</span></p>'


def _span(event: Event, lang: Lang) -> str:
    words, form = _WORDS[lang], "%d/%m/%Y %H:%M" if lang == "fr" else "%d %b %Y %H:%M"
    try:
        zone = zoneinfo.ZoneInfo(event.time_zone)
    except (OSError, ValueError):
        zone = zoneinfo.ZoneInfo("UTC")
    start, end = (
        dt.datetime.fromtimestamp(ms / 1_000, zone).strftime(form) if ms is not None else ""
        for ms in (event.start, event.end)
    )
    if start and end:
        return f"{start} {words['to']} {end}"
    return f"{words['since']} {start}" if start else f"{words['until']} {end}" if end else ""


def event_list(request: AnyRequest, events: Sequence[Event]) -> Response[str]:
    """All events, each with its pages."""
    lang = language(request)
    words, asked = _WORDS[lang], _asked(request)
    cards = "".join(
        f'<li class="card"><h2><a href="/events/{event.name}{asked}">{escape(printable(event.title or event.name))}'
        f"</a></h2>{_facts(event, lang)}<p>"
        + " ".join(f'<a class="button" href="{path}{asked}">{words[key]}</a>' for key, path in _views(event))
        + "</p></li>"
        for event in events
    )
    empty = f'<div class="card"><p>{words["none"]}</p><pre tabindex="0">{escape(_EVENT)}</pre></div>'
    shown = f'<ul class="events">{cards}</ul>' if cards else empty
    body = f'<main id="main" tabindex="-1"><h1>{words["events"]}</h1>{shown}</main>'
    return page(request, f"{words['events']} · upswell", body)


def everywhere(request: AnyRequest, events: Sequence[Event], data: dict[str, str]) -> Response[str]:
    """The moderators' page of the whole installation: what never trends, decisions, alerts."""
    words, asked = _WORDS[language(request)], _asked(request)
    links = f'<a href="/moderate{asked}" aria-current="page">{words["everywhere"]}</a>' + "".join(
        f'<a href="/moderate/{event.name}{asked}">{escape(printable(event.title or event.name, 40))}</a>'
        for event in events
    )
    body = (
        f'<header class="event"><h1>{words["moderate"]}</h1><p id="status" role="status"></p>'
        f'<nav class="views" aria-label="{words["events"]}">{links}</nav></header><main id="main" tabindex="-1"></main>'
        f'<noscript><p>{words["script"]} <a href="/api/v1/blocks">/api/v1/blocks</a></p></noscript>'
    )
    return page(request, f"{words['moderate']} · upswell", body, here="moderate", script="wall/everywhere",
                data={"view": "everywhere"} | data)  # fmt: skip


def login(request: AnyRequest, event: Event | None, proof: str, *, wrong: bool = False) -> Response[str]:
    """The form that takes a token, for an event's queues or (None) the whole installation; `proof` must come back
    with it."""
    words = _WORDS[language(request)]
    fault = f'<p role="alert" class="fault">{words["wrong"]}</p>' if wrong else ""
    title = f"{words['moderate']} · {escape(printable(event.title or event.name))}" if event else words["moderate"]
    action = f"/moderate/{event.name}/login" if event else "/moderate/login"
    body = (
        f'<main id="main" tabindex="-1" class="login card"><h1>{title}</h1><p class="quiet">{words["ask"]}</p>{fault}'
        f'<form method="post" action="{action}{_asked(request)}">'
        f'<input type="hidden" name="proof" value="{escape(proof)}"><label for="secret">{words["token"]}</label>'
        '<input id="secret" type="password" name="secret" autocomplete="current-password" required autofocus>'
        f'<button class="main">{words["enter"]}</button></form></main>'
    )
    return page(request, words["moderate"], body, here="moderate", status=401 if wrong else 200)


def moderation_off(request: AnyRequest) -> Response[str]:
    """What stands where moderation would be, when no token is set."""
    words = _WORDS[language(request)]
    body = (
        f'<main id="main" tabindex="-1" class="login card"><h1>{words["moderate"]}</h1><p>{words["off"]}</p>'
        f'<pre tabindex="0">{escape(_TO_SIGN_IN)}</pre>'
        f'<p>{words["or"]} <code>UPSWELL_TOKENS=ann:write:SECRET</code></p></main>'
    )
    return page(request, words["moderate"], body, here="moderate", status=403)
