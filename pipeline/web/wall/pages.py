"""The HTML around walls and boards: shells that the browser fills, in French or English, with nothing inline."""

from __future__ import annotations

from html import escape
from pathlib import Path

from litestar import MediaType, Request, Response

from pipeline.text import printable
from schemas.events import Event

ASSETS = Path(__file__).resolve().parents[1] / "static" / "wall"
ASSET_TYPES = {"wall.js": "text/javascript", "texts.js": "text/javascript", "wall.css": "text/css"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
        " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_WORDS = {
    "en": {
        "board": "Board", "wall": "Wall", "screen": "Screen", "moderate": "Moderation", "events": "Events",
        "script": "This page needs JavaScript; the same is to be had as JSON at",
        "token": "Token", "enter": "Log in", "wrong": "That is no token of this server.",
        "off": "Moderation is off: no token is set. Add one to upswell.toml and start again:",
        "or": "or set the variable", "none": "No event is described; add [[event]] to upswell.toml.",
    },
    "fr": {
        "board": "Tableau", "wall": "Mur", "screen": "Écran", "moderate": "Modération", "events": "Événements",
        "script": "Cette page a besoin de JavaScript ; les mêmes données sont en JSON à",
        "token": "Jeton", "enter": "Se connecter", "wrong": "Ce n’est pas un jeton de ce serveur.",
        "off": "La modération est éteinte : aucun jeton n’est défini. Ajoutez-en un à upswell.toml et relancez :",
        "or": "ou définissez la variable", "none": "Aucun événement n’est décrit ; ajoutez [[event]] à upswell.toml.",
    },
}
_EXAMPLE = '[[token]]\nname = "ann"\nsecret = "…"   # openssl rand -hex 24\nrights = "write"'


def language(request: Request) -> str:  # type: ignore[type-arg]
    """`fr` or `en`: as the address says (?lang=fr), else the first of the two that the browser prefers."""
    asked = request.query_params.get("lang", "")
    if asked in _WORDS:
        return str(asked)
    for part in request.headers.get("accept-language", "").lower().split(","):
        if part.strip()[:2] in _WORDS:
            return part.strip()[:2]
    return "en"


def page(title: str, lang: str, body: str, *, view: str = "", event: str = "", status: int = 200,
         data: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Response[str]:
    """A whole page; `body` is HTML with everything escaped already, `data` what the script is told."""
    told = {"view": view, "event": event} | (data or {})
    attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in told.items() if value)
    script = '<script type="module" src="/wall-assets/wall.js"></script>' if view else ""
    html = (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)}</title>'
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="/wall-assets/wall.css">'
        f"{script}</head><body{attributes}>{body}</body></html>"
    )
    return Response(html, media_type=MediaType.HTML, status_code=status, headers=HEADERS | (headers or {}))


def shell(event: Event, view: str, lang: str, data: dict[str, str] | None = None) -> Response[str]:
    """The page of one view of an event: `board`, `wall`, `screen` or `moderate`."""
    words = _WORDS[lang]
    name = printable(event.title or event.name)
    links = "".join(
        f'<a href="{path}"{" aria-current=page" if key == view else ""}>{words[key]}</a>'
        for key, path in (
            ("board", f"/events/{event.name}"), ("wall", f"/events/{event.name}/wall"),
            ("screen", f"/screen/{event.name}"), ("moderate", f"/moderate/{event.name}"),
        )
    )
    head = "" if view == "screen" else f'<nav aria-label="{words["events"]}"><a href="/events">upswell</a>{links}</nav>'
    api = f"/api/v1/events/{event.name}"
    body = (
        f"{head}<header><h1>{escape(name)}</h1><p id=\"status\" role=\"status\"></p></header>"
        f'<main id="main"></main><noscript><p>{words["script"]} <a href="{api}">{api}</a></p></noscript>'
    )
    return page(f"{name} · {words[view]}", lang, body, view=view, event=event.name,
                data={"title": name, "zone": event.time_zone} | (data or {}))


def event_list(events: list[Event], lang: str) -> Response[str]:
    """All events, each with its pages."""
    words = _WORDS[lang]
    rows = "".join(
        f'<li><a href="/events/{it.name}"><strong>{escape(printable(it.title or it.name))}</strong></a> '
        f'<a href="/events/{it.name}/wall">{words["wall"]}</a> <a href="/screen/{it.name}">{words["screen"]}</a> '
        f'<a href="/moderate/{it.name}">{words["moderate"]}</a></li>'
        for it in events
    )
    body = f"<ul class=events>{rows}</ul>" if rows else f"<p>{words['none']}</p>"
    return page(words["events"], lang, f"<header><h1>{words['events']}</h1></header><main>{body}</main>")


def login(event: Event, lang: str, proof: str, *, wrong: bool = False) -> Response[str]:
    """The form that takes a token; `proof` must come back with it."""
    words = _WORDS[lang]
    fault = f'<p role="alert" class="fault">{words["wrong"]}</p>' if wrong else ""
    body = (
        f'<main class="login"><h1>{words["moderate"]} · {escape(printable(event.title or event.name))}</h1>{fault}'
        f'<form method="post" action="/moderate/{event.name}/login">'
        f'<input type="hidden" name="proof" value="{escape(proof)}"><label>{words["token"]} '
        '<input type="password" name="secret" autocomplete="current-password" required autofocus>'
        f'</label> <button>{words["enter"]}</button></form></main>'
    )
    return page(words["moderate"], lang, body, status=401 if wrong else 200)


def moderation_off(lang: str) -> Response[str]:
    """What stands where moderation would be, when no token is set."""
    words = _WORDS[lang]
    body = (
        f'<main class="login"><h1>{words["moderate"]}</h1><p>{words["off"]}</p><pre>{escape(_EXAMPLE)}</pre>'
        f"<p>{words['or']} <code>UPSWELL_TOKENS=ann:write:SECRET</code></p></main>"
    )
    return page(words["moderate"], lang, body, status=403)
