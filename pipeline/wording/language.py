"""A language: its catalogue, how it writes numbers, lengths and moments, and which plural a number takes."""

from __future__ import annotations

import datetime as dt
import gettext
import re
import tomllib
import zoneinfo
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.wording.messages import Message, parse

CATALOGUES = Path(__file__).parent
DEFAULT = "en"
NO_BREAK = "\u00a0"
_UNITS, _HALF_UP = (
    (Decimal(1), Decimal("0.1"), Decimal("0.01"), Decimal("0.001")),
    ROUND_HALF_UP,
)  # by digits after the point


@cache
def languages() -> tuple[str, ...]:
    """The codes of all languages that there is a catalogue of."""
    return tuple(sorted(file.stem for file in CATALOGUES.glob("*.toml")))


@cache
def catalogue(lang: str) -> dict[str, Any]:
    """The texts of a language (one of `languages`), as the file has them but for spaces that do not break: beside the
    marks that the language sets off from words, and between a number and its unit, plain spaces become such."""
    texts = tomllib.loads((CATALOGUES / f"{lang}.toml").read_text("utf-8"))
    kept = _kept_together(texts["language"])

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: whole(one) for name, one in value.items()}
        if isinstance(value, list):
            return [whole(one) for one in value]
        return kept(value) if isinstance(value, str) else value

    return {name: one if name == "language" else whole(one) for name, one in texts.items()}


class Moment(NamedTuple):
    """A moment as a sentence tells it: ms, and whether with its day and the name of the zone."""

    at: int
    dated: bool = True


class Place(NamedTuple):
    """A scope as a sentence tells it: by its title, where it has one."""

    scope: str
    title: str = ""


class Language:
    """Says the messages of a catalogue. `zone`: whose clock tells moments."""

    def __init__(self, lang: str, zone: str = "UTC") -> None:
        """Raises KeyError for a language that has no catalogue."""
        if lang not in languages():
            raise KeyError(lang)
        self.lang, self._zone_name, self._zone = lang, zone, zoneinfo.ZoneInfo(zone)
        texts = catalogue(lang)
        how = texts["language"]
        self._texts = texts
        self._decimal, self._group, self._grouped_from = how["decimal"], how["group"], how["grouped_from"]
        self._percent, self._day = how["percent"], how["day"]
        self._form, self._forms = gettext.c2py(how["plural"]), how["plural_forms"]

    def __getitem__(self, name: str) -> str:
        """A text of the catalogue that has no places for values; `name` like page.nothing. Raises KeyError."""
        return str(_found(self._texts, name))

    def texts(self, name: str) -> dict[str, str]:
        """Several texts of the catalogue, by their names below one name, in their order. Raises KeyError."""
        return dict(_found(self._texts, name))

    def say(self, name: str, /, **values: Any) -> str:
        """A message of the catalogue with these values in their places. Raises KeyError."""
        return _message(self.lang, name)(values, self)

    def number(self, value: float, digits: int = 0) -> str:
        """Rounded to at most three digits after the point, a half upwards: 1,234.5 in English."""
        told = (
            str(abs(value)) if isinstance(value, int) else str(abs(Decimal(value)).quantize(_UNITS[digits], _HALF_UP))
        )
        whole, _, rest = told.partition(".")
        if len(whole) >= self._grouped_from:
            whole = f"{int(whole):,}".replace(",", self._group)
        sign = "-" if value < 0 and told.strip("0.") else ""
        return sign + whole + (self._decimal + rest if rest else "")

    def moment(self, ms: int, zone: bool = True) -> str:
        """A moment by the clock of the zone, with the zone's name or without."""
        told = f"{self._day_of(ms)} {self.clock(ms)}"
        return f"{told} {self._zone_name}" if zone else told

    def clock(self, ms: int) -> str:
        """The time of the day at that moment, by the clock of the zone."""
        return f"{dt.datetime.fromtimestamp(ms / 1_000, self._zone):%H:%M}"

    def _day_of(self, ms: int) -> str:
        return dt.datetime.fromtimestamp(ms / 1_000, self._zone).strftime(self._day)

    def plain(self, value: Any) -> str:
        return self.number(value) if isinstance(value, int | float) else str(value)

    def plural(self, number: int) -> str:
        return str(self._forms[self._form(number)])

    def of_type(self, kind: str, value: Any, style: str) -> str:
        """`number` (style `.0`: one digit after the point, `about`: one below ten, `percent`: of a share), `duration`
        of seconds, `time` of ms, `when`, `since` and `until` of a Moment or ms, `place` of a Place or scope,
        `network` of a source, `list` of texts."""
        if kind == "number" and style == "percent":
            return str(self._percent).replace("#", self.number(value * 100))
        if kind == "number":
            return self.number(value, 1 if style == ".0" or (style == "about" and value < 10) else 0)
        if kind == "duration":
            hours, minutes = divmod(int(value) // 60, 60)
            if hours and minutes:
                return self.say("unit.hours_and_minutes", h=hours, m=minutes, mm=f"{minutes:02}")
            return self.say("unit.hours", n=hours) if hours else self.say("unit.minutes", n=minutes)
        if kind == "time":
            return self.moment(value)
        if kind in ("when", "since", "until"):
            at, dated = value if isinstance(value, Moment) else Moment(value)
            clock = self.clock(at)
            time = f"{clock} {self._zone_name}" if dated else clock
            return self.say(f"moment.{kind}", dated=dated, day=self._day_of(at), time=time, one=clock.startswith("01"))
        if kind == "network":
            told = self.say("unit.network", name=value)
            return told[:1].upper() + told[1:]
        if kind == "place":
            scope, title = value if isinstance(value, Place) else Place(value)
            named, _, name = scope.partition(":")
            return title or self.say("unit.place", kind=named, name=name)
        return str(self._texts["language"]["comma"]).join(value)


@cache
def language(lang: str, zone: str = "UTC") -> Language:
    """The language, read once."""
    return Language(lang, zone)


def _kept_together(how: Mapping[str, Any]) -> Callable[[str], str]:
    """Puts spaces that do not break where the language wants them."""
    rules = [(re.compile(f" (?={re.escape(mark)})"), space) for mark, space in how["space_before"].items()]
    rules += [(re.compile(f"(?<={re.escape(mark)}) "), space) for mark, space in how["space_after"].items()]
    if how["units"]:
        rules.append((re.compile(rf"(?<=[\d}}#]) (?=(?:{'|'.join(how['units'])})\b)"), NO_BREAK))

    def kept(text: str) -> str:
        for place, space in rules:
            text = place.sub(space, text)
        return text

    return kept


@cache
def _message(lang: str, name: str) -> Message:
    return parse(_found(catalogue(lang), name))


def _found(texts: dict[str, Any], name: str) -> Any:
    found: Any = texts
    for part in name.split("."):
        found = found[part]
    return found
