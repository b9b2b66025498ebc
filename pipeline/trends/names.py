"""Numbers for spellings, topic keys and cells, so that columns hold numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import repeat
from typing import NamedTuple

import numpy as np

from pipeline.text import fold
from pipeline.trends._compiled import plain
from pipeline.trends.arrays import I8, I32, grown

OF_EVENTS = "~"  # what the source of a cell begins with that belongs to its events alone; no name of a source does
WHOLE = ""  # the key, and the spelling, under which all posts with words count together: what words are a share of
TAG, WORD, ALL_WORDS = range(3)  # kinds of topics: a hashtag or cashtag, words, and WHOLE


class Cell(NamedTuple):
    """Where a post belongs; scopes are unions of cells. Empty strings: not known. The source is that by which posts
    count, a known or named one or `other`: no post makes a scope."""

    source: str
    lang: str
    events: tuple[str, ...] = ()

    @property
    def is_of_events(self) -> bool:
        """Whether it belongs to the scopes of its events alone."""
        return self.source.startswith(OF_EVENTS)

    @property
    def of_events(self) -> Cell:
        """The cell of the same posts that belongs to the scopes of their events alone."""
        return self._replace(source=OF_EVENTS + self.source)


def kind_of(topic: str) -> int:
    """The kind of a topic, by its key or a spelling of it."""
    return TAG if topic.startswith(("#", "$")) else WORD if topic else ALL_WORDS


def _looked_up(known: dict[str, int], spellings: list[str]) -> I32:
    """The number of each; -1: it has none."""
    if plain is None:
        return np.fromiter(map(known.get, spellings, repeat(-1)), np.int32, len(spellings))
    return np.frombuffer(bytearray(plain.numbers(known, spellings)), np.int32)


class Dictionary:
    """Numbers for spellings and cells, given in order of appearance."""

    def __init__(self, spellings: Iterable[str] = (), cells: Iterable[Cell] = ()) -> None:
        self.spellings: list[str] = list(spellings)
        self.cells: list[Cell] = list(cells)

    @cached_property  # of most dictionaries nobody looks names up
    def _spelling(self) -> dict[str, int]:
        return {spelling: number for number, spelling in enumerate(self.spellings)}

    @cached_property
    def _cell(self) -> dict[Cell, int]:
        return {cell: number for number, cell in enumerate(self.cells)}

    @classmethod
    def numbered(cls, spellings: dict[str, int], cells: Iterable[Cell]) -> Dictionary:
        """One of spellings that have the numbers from 0 on already, in their order."""
        made = cls(cells=cells)
        made.spellings, made._spelling = list(spellings), spellings
        return made

    def spelling_numbers(self, spellings: list[str]) -> I32:
        known = self._spelling
        numbers = _looked_up(known, spellings)
        unknown = np.flatnonzero(numbers < 0).tolist()
        if unknown:
            begin = len(self.spellings)
            fresh = list(dict.fromkeys([spellings[place] for place in unknown]))
            known.update(zip(fresh, range(begin, begin + len(fresh)), strict=True))
            self.spellings += fresh
            self._learn(fresh, begin)
            numbers[unknown] = [known[spellings[place]] for place in unknown]
        return numbers

    def _learn(self, spellings: Sequence[str], begin: int) -> None:
        """These have the numbers from `begin` on."""

    def cell_numbers(self, cells: Sequence[Cell]) -> I32:
        return np.array([self._cell_number(cell) for cell in cells], np.int32)

    def _cell_number(self, cell: Cell) -> int:
        number = self._cell.get(cell)
        if number is None:
            number = self._cell[cell] = len(self.cells)
            self.cells.append(cell)
        return number


class Names(Dictionary):
    """A dictionary that also knows the topic of each spelling, and can forget."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []
        self._topic: dict[str, int] = {}
        self._topic_of = np.zeros(1024, np.int32)  # by spelling
        self._kinds = np.zeros(1024, np.int8)  # by topic

    def _learn(self, spellings: Sequence[str], begin: int) -> None:
        known, topics = len(self.keys), self._topic
        numbers = []
        for spelling in spellings:
            key = fold(spelling)
            topic = topics.get(key)
            if topic is None:
                topic = topics[key] = len(self.keys)
                self.keys.append(spelling if spelling == key else key)
            numbers.append(topic)
        self._topic_of = grown(self._topic_of, begin + len(spellings), 0)
        self._topic_of[begin : begin + len(spellings)] = numbers
        self._kinds = grown(self._kinds, len(self.keys), 0)
        self._kinds[known : len(self.keys)] = [kind_of(key) for key in self.keys[known:]]

    def topics_of(self, spellings: I32) -> I32:
        return self._topic_of[spellings]

    def kinds_of(self, topics: I32) -> I8:
        """The kind of each topic, by number."""
        return self._kinds[topics]

    def keep_only(self, spellings: I32) -> tuple[I32, I32]:
        """Forgets all spellings but these, and topics without one.

        Returns the new numbers by old number of spellings and topics, -1 for the forgotten.
        """
        new_spelling = np.full(len(self.spellings), -1, np.int32)
        new_topic = np.full(len(self.keys), -1, np.int32)
        old_keys, old = self.keys, [self.spellings[i] for i in spellings.tolist()]
        topic_of = self._topic_of[spellings].tolist()
        self.spellings, self.keys, self._spelling, self._topic = [], [], {}, {}
        for number, (spelling, topic) in enumerate(zip(old, topic_of, strict=True)):
            self.spellings.append(spelling)
            self._spelling[spelling] = number
            if new_topic[topic] < 0:
                new_topic[topic] = len(self.keys)
                self._topic[old_keys[topic]] = len(self.keys)
                self.keys.append(old_keys[topic])
                self._kinds[new_topic[topic]] = kind_of(old_keys[topic])
            self._topic_of[number] = new_topic[topic]
        new_spelling[spellings] = np.arange(len(spellings), dtype=np.int32)
        return new_spelling, new_topic
