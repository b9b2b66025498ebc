"""What every page has around it, in French or English: its head, the way to the other pages, and the other language."""

from __future__ import annotations

from html import escape
from typing import Any, Literal
from urllib.parse import quote, urlencode

from litestar import Request

Lang = Literal["en", "fr"]

WAVE = (  # the mark beside the name: a line that wells up
    "<svg class='wave' viewBox='0 0 24 24' aria-hidden='true'><path d='M2 17c4 0 4.500-2 6.500-6.500S12 4 14 4s3 2.500"
    " 4 6.500S20 17 22 17'/></svg>"
)
_WORDS = {
    "en": {
        "trends": "Trends", "events": "Events", "voice": "Share of voice", "moderate": "Moderation", "pages": "Pages",
        "other": "Français", "skip": "Skip to the content",
    },
    "fr": {
        "trends": "Tendances", "events": "Événements", "voice": "Part de voix", "moderate": "Modération",
        "pages": "Pages", "other": "English", "skip": "Aller au contenu",
    },
}  # fmt: skip
_PLACES = (("trends", "/"), ("events", "/events"), ("voice", "/voice"), ("moderate", "/moderate"))


def language(request: Request[Any, Any, Any]) -> Lang:
    """`fr` or `en`: as the address says (?lang=fr), else the first of the two that the browser prefers."""
    for told in (request.query_params.get("lang", ""), *request.headers.get("accept-language", "").lower().split(",")):
        if told.strip()[:2] in ("en", "fr"):
            return "fr" if told.strip()[:2] == "fr" else "en"
    return "en"


def head(title: str, lang: Lang, styles: tuple[str, ...], script: str = "") -> str:
    """From the doctype to the end of the head; `styles` and `script` are names below /static."""
    links = "".join(f'<link rel="stylesheet" href="/static/{name}.css">' for name in ("base", *styles))
    module = f'<script type="module" src="/static/{script}.js"></script>' if script else ""
    return (
        f'<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)}</title>'
        f'<link rel="icon" type="image/svg+xml" href="/static/wave.svg">{links}{module}</head>'
    )


def top(request: Request[Any, Any, Any], here: str) -> str:
    """The bar above a page: the name, the pages (`here` is one of them), and the same page in the other language. A
    language that the address names is kept from page to page."""
    lang = language(request)
    words = _WORDS[lang]
    asked = f"?lang={lang}" if request.query_params.get("lang") else ""
    places = "".join(
        f'<a href="{path}{asked}"{" aria-current=page" if name == here else ""}>{words[name]}</a>'
        for name, path in _PLACES
    )
    other = "en" if lang == "fr" else "fr"
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    same = escape(f"{quote(request.url.path)}?{urlencode([*query, ('lang', other)])}")
    return (
        f'<a class="skip" href="#main">{words["skip"]}</a>'
        f'<header id="top"><a class="brand" href="/{asked}">{WAVE}upswell</a>'
        f'<nav class="places" aria-label="{words["pages"]}">{places}</nav>'
        f'<a class="language" href="{same}" lang="{other}" hreflang="{other}">{words["other"]}</a></header>'
    )
