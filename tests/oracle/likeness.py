"""Which topics are one row: those of the same people, of the same posts, or words of one another."""

from __future__ import annotations

from .people import ALL_WORDS, Sample, is_tag, sample
from .words import inside, part_of


class Samples(dict[str, Sample]):
    """The sample of every topic; an empty one of those that nobody speaks of."""

    def __missing__(self, topic: str) -> Sample:
        return sample([])

    def texts_of_both(self, one: str, other: str) -> tuple[dict[int, int], dict[int, int]]:
        """The people of each topic with the text they wrote, as far as both samples reach."""
        a, b = self[one], self[other]
        limit = min(a.limit, b.limit)
        these, those = ({who: text for who, text in it.texts.items() if who < limit} for it in (a, b))
        return these, those

    def same_people(self, one: str, other: str) -> bool:
        """Whether more than 80 % of the people of the larger topic speak of both."""
        these, those = self.texts_of_both(one, other)
        return len(these.keys() & those.keys()) > 0.8 * max(len(these), len(those))

    def same_posts(self, one: str, other: str) -> bool:
        """Whether more than half of the people of the smaller topic stand in both with the same text, or more than 80 %
        in both with whatever text; beside a tag of the larger one where more than half of all who write words say that.
        """
        these, those = self.texts_of_both(one, other)
        people = min(len(these), len(those))
        larger = max(self[one].people, self[other].people)
        if is_tag(one) and larger > 0.5 * self[ALL_WORDS].people:
            people = max(len(these), len(those))
        same_text, both = these.items() & those.items(), these.keys() & those.keys()
        return len(same_text) > 0.5 * people or len(both) > 0.8 * people

    def is_part(self, one: str, other: str) -> bool:
        """Whether one is words of the other; without spaces, if more than half of the smaller one's people say both."""
        if part_of(one, other) or not inside(one, other):
            return part_of(one, other)
        these, those = self.texts_of_both(one, other)
        return len(these.keys() & those.keys()) > 0.5 * min(len(these), len(those))
