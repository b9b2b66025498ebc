"""What a report says, in English and in French: words, numbers, moments, and why a topic trended."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Literal

from pipeline.text.french import french_why

Lang = Literal["en", "fr"]

_EN = {
    "by": "posts by", "people": "people", "nothing": "No post of the event was found.",
    "posts_per": "posts per", "at_most": "at most", "phases": "Phases", "peaks": "Peaks", "topics": "Topics",
    "persons": "People", "repeated": "Most repeated posts", "from": "from", "to": "to", "posts": "posts",
    "per_minute": "per minute", "at": "at", "posts_in_5": "posts in 5 min", "times_mean": "times the mean",
    "cause": "cause", "why": "why", "topic": "topic", "account": "account", "times": "times", "author": "author",
    "text": "text",
}  # fmt: skip
_FR = {
    "by": "messages de", "people": "personnes", "nothing": "Aucun message de l’événement n’a été trouvé.",
    "posts_per": "messages par", "at_most": "au plus", "phases": "Phases", "peaks": "Pics", "topics": "Sujets",
    "persons": "Personnes", "repeated": "Messages les plus repris", "from": "de", "to": "à", "posts": "messages",
    "per_minute": "par minute", "at": "quand", "posts_in_5": "messages en 5 min", "times_mean": "fois la moyenne",
    "cause": "cause", "why": "pourquoi", "topic": "sujet", "account": "compte", "times": "reprises",
    "author": "auteur", "text": "texte",
}  # fmt: skip


class Texts:
    """The words of one language; `texts["peaks"]` is a heading."""

    def __init__(self, lang: Lang, time_zone: str) -> None:
        self.lang = lang
        self._words, self._zone = _FR if lang == "fr" else _EN, zoneinfo.ZoneInfo(time_zone)

    def __getitem__(self, name: str) -> str:
        return self._words[name]

    def number(self, value: float, digits: int = 0) -> str:
        """1,234.5 in English, 1 234,5 (with narrow spaces that do not break) in French."""
        told = f"{value:,.{digits}f}"
        return told.replace(",", "\u202f").replace(".", ",") if self.lang == "fr" else told

    def moment(self, ms: int | None) -> str:
        """By the clock of the event's place."""
        if ms is None:
            return "–"
        form = "%d/%m/%Y %H:%M" if self.lang == "fr" else "%Y-%m-%d %H:%M"
        return dt.datetime.fromtimestamp(ms / 1_000, self._zone).strftime(form)

    def why(self, sentence: str) -> str:
        """The sentence of a list."""
        return french_why(sentence) if self.lang == "fr" else sentence
