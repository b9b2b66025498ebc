"""Pages from the templates below `templates/`: in the asker's language, with the bar above, and every value escaped."""

from __future__ import annotations

import json
import posixpath
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import jinja2
import msgspec
from litestar import MediaType, Request, Response
from markupsafe import Markup

from pipeline.text import printable
from pipeline.wording import (
    DEFAULT,
    Language,
    alert_text,
    beside_of,
    catalogue,
    language,
    languages,
    reason_of,
    row_text,
    waits_for,
    why_of,
)
from schemas.events import Event

AnyRequest = Request[Any, Any, Any]
_NOT_ASCII = re.compile(r"[^\n -~]")
TOUR = "tour"  # of the application's state: the steps that pages show (none: no tour)
STATIC = Path(__file__).with_name("static")
_IMPORT = re.compile(r"""^(?:import|export)\s[^"']*?["'](\.[^"']*)\.js["']""", re.MULTILINE)
# how walls invite people in the room to write: by a "code" to scan, by a "link" where it is not known what address they
# could scan, "" where nothing takes what they write
INVITES = "invites"
FIRING = "firing"  # and what tells how many alerts fire that nobody looks after
CLOCK = "clock"  # and what tells the Clock of the posts (none: it is everybody's)
VIEWS = (  # of an event, each with its address
    ("board", "/events/%s"),
    ("wall", "/events/%s/wall"),
    ("screen", "/screen/%s"),
    ("moderate", "/moderate/%s"),
)


class Clock(NamedTuple):
    """Of posts whose evening is played: where it stands, how many times as fast as life it goes, where it ends, and
    whether it goes now."""

    now_ms: int
    speed: float
    until_ms: int
    plays: bool = True

    def told(self) -> str:
        """As scripts read it."""
        return " ".join(f"{part:.0f}" for part in self)


def words_of(request: AnyRequest) -> Language:
    """The language of a page: as the address says (?lang=fr), else the first of ours that the browser prefers."""
    for told in (request.query_params.get("lang", ""), *request.headers.get("accept-language", "").lower().split(",")):
        if told.strip()[:2] in languages():
            return language(told.strip()[:2])
    return language(DEFAULT)


def page(
    request: AnyRequest,
    template: str,
    *,
    here: str = "",
    script: str = "",
    soon: str = "",
    data: Mapping[str, str] | None = None,
    first: Sequence[tuple[str, bytes]] = (),
    status: int = 200,
    cache_control: str = "",
    **values: Any,
) -> Response[str]:
    """The page that the template makes of `values`. `here`: which of the site's pages it belongs to (empty: it has no
    bar above); `script`: the module below /static that takes it over, `soon`: the one that this loads at once; `data`:
    what it is told; `first`: what its stream would say first, as (kind, JSON), so that it need not wait for that. A
    language that the address names is kept from page to page. What a form led to its browser keeps unless told
    otherwise: who goes back to it finds it."""
    words = words_of(request)
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    others = [
        (language(lang), f"{quote(request.url.path)}?{urlencode([*query, ('lang', lang)])}")
        for lang in languages()
        if lang != words.lang
    ]
    clock: Callable[[], Clock] | None = request.app.state.get(CLOCK)
    firing = firing_at(request)
    body = render(
        f"{template}.html",
        words=words,
        texts=_texts(words.lang, script.partition("/")[0]),
        others=others,
        asked=f"?lang={words.lang}" if request.query_params.get("lang") else "",
        here=here,
        script=script,
        modules=[*dict.fromkeys(name for entry in (script, soon) if entry for name in modules_of(entry))],
        first=_unended(b"[%s]" % b",".join(b'{"%s":%s}' % (kind.encode(), told) for kind, told in first))
        if first
        else "",
        data={**(data or {}), "clock": "" if clock is None else clock().told(), "firing": str(firing or "")},
        firing=firing,
        tour=request.app.state.get(TOUR, ()),
        **values,
    )
    kept = cache_control or ("private, no-cache" if request.method == "POST" else "no-store")
    headers = {"cache-control": kept, "vary": "accept-language"}
    return Response(body, media_type=MediaType.HTML, status_code=status, headers=headers)


def firing_at(request: AnyRequest) -> int:
    """How many alerts fire that nobody looks after."""
    firing: Callable[[], int] = request.app.state.get(FIRING, int)
    return firing()


def render(template: str, **values: Any) -> str:
    """What the template makes of `values`, each of them escaped."""
    return _templates().get_template(template).render(**values)


@cache
def modules_of(script: str) -> tuple[str, ...]:
    """The module and all that it imports, so that a browser need not find them one by one.

    >>> modules_of("stream")
    ('stream',)
    >>> modules_of("wall/figures")[:2]
    ('wall/figures', 'texts')
    """
    found = [script]
    for name in found:  # which grows on the way
        text = (STATIC / f"{name}.js").read_text("utf-8")
        for path in _IMPORT.findall(text):
            found += {posixpath.normpath(posixpath.join(posixpath.dirname(name), path))}.difference(found)
    return tuple(found)


@cache
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        auto_reload=False,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"printable": printable, "polyline": _polyline, "coded": _coded}
    made.globals |= {
        "alert_text": alert_text,
        "beside_of": beside_of,
        "row_text": row_text,
        "reason_of": reason_of,
        "waits_for": waits_for,
        "why_of": why_of,
        "span_of": _span,
        "local": _local,
        "VIEWS": VIEWS,
        "MARKED": re.findall(r'<symbol id="(\w+)"', (STATIC / "marks/marks.svg").read_text()),
    }
    return made


@cache
def _texts(lang: str, kind: str) -> str:
    """What the scripts of a kind of page say, as JSON."""
    told = {name: texts for name, texts in catalogue(lang).items() if name in _said(kind)}
    return _unended(msgspec.json.encode(told))


def _unended(told: bytes) -> str:
    """JSON for an element of a page, with nothing in it that would end that, and no control characters as they are."""
    return _NOT_ASCII.sub(_escaped, told.decode().replace("<", "\\u003c"))


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1] if unicodedata.category(found[0])[0] == "C" else found[0]


@cache
def _said(kind: str) -> frozenset[str]:
    """The parts of the catalogue that scripts name: those of `room`, those of `wall` with what they share, or the
    others. Whatever they load later says its texts from the same."""
    files = {"room": ("room.js", "messages.js"), "wall": ("*.js", "wall/*.js")}.get(kind, ("*.js",))
    found = [path for pattern in files for path in STATIC.glob(pattern) if kind == "room" or path.stem != "room"]
    texts = "\n".join(path.read_text("utf-8") for path in found)
    return frozenset(
        name
        for name in catalogue(DEFAULT)
        if re.search(rf"""["'`]{name}\.|say\(["'`]{name}["'`]|catalogue\.{name}\b""", texts)
    )


def _coded(text: str) -> Markup:
    """A text of ours with what stands between backticks as code."""
    parts = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


def _polyline(support: Sequence[float]) -> str:
    """The support of the last steps as the points of a line, 80 wide and 20 high, as sparks.js draws it."""
    most, step = max(*support, 1.0), 78 / max(len(support) - 1, 1)
    return " ".join(f"{1 + n * step:.1f},{19 - 18 * at / most:.1f}" for n, at in enumerate(support))


def _local(event: Event, words: Language) -> Language:
    """The same language, by the clock of the event's place."""
    try:
        return language(words.lang, event.time_zone)
    except (OSError, ValueError):
        return words


def _span(event: Event, words: Language) -> str:
    """From when to when the event is, by the clock of its place."""
    local = _local(event, words)
    start, end = ("" if ms is None else local.moment(ms, zone=False) for ms in (event.start, event.end))
    if start and end:
        return f"{start} {words['event.to']} {end}"
    return f"{words['event.since']} {start}" if start else f"{words['event.until']} {end}" if end else ""
