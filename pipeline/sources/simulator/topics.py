"""The everyday hashtags: a stock of any size per language, few of them common, most of them rare (Zipf)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pipeline.sources.simulator.keys import topic_key
from pipeline.sources.simulator.words import LANGUAGES, spellings

SPELLINGS = 3
_FLAT = 3.0  # Zipf-Mandelbrot: the first ranks are flattened, so that no tag holds more than some per cent of all
_DIGITS = "0123456789"


class Topics:
    """`size` hashtags shared out among the languages; a topic's number is its language's offset plus its rank there."""

    def __init__(self, size: int, languages: tuple[tuple[str, float], ...], exponent: float) -> None:
        total = sum(share for _, share in languages)
        bounds = np.cumsum([share / total for _, share in languages])
        edges = [0, *(round(float(bound) * (size - len(languages))) for bound in bounds)]
        self.languages = tuple(lang for lang, _ in languages)
        self.sizes = np.array([right - left + 1 for left, right in pairwise(edges)], dtype=np.int64)
        self.offsets = np.concatenate(([0], np.cumsum(self.sizes)[:-1]))
        self.size = int(self.sizes.sum())
        self._exponent = exponent
        self._stems = [[_stems(lang, variant) for variant in range(SPELLINGS)] for lang in self.languages]
        self._places = {
            topic_key(stem): (lang, rank)
            for lang, variants in enumerate(self._stems)
            for rank, stem in enumerate(variants[0])
        }

    def draw(self, lang: npt.NDArray[np.uint8], uniform: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Ranks within each one's language. The density (rank + 3) ** -exponent is inverted in closed form, so that a
        million topics need no table."""
        size = self.sizes[lang]
        if self._exponent == 1.0:
            ranks = _FLAT * ((size + _FLAT) / _FLAT) ** uniform - _FLAT
        else:
            power = 1.0 - self._exponent
            low, high = _FLAT**power, (size + _FLAT) ** power
            ranks = (low + uniform * (high - low)) ** (1.0 / power) - _FLAT
        return np.clip(ranks.astype(np.int64), 0, size - 1)

    def tag(self, lang: int, rank: int, variant: int) -> str:
        """The tag of a rank without its sigil, in one of three spellings (0: as its inventors write it)."""
        stems = self._stems[lang][variant]
        if rank < len(stems):
            return stems[rank]
        return f"{stems[rank % len(stems)]}{rank // len(stems) + 1}"

    def number(self, key: str) -> int | None:
        """The number of the topic with this key, None when it is not one of these."""
        stem = key.rstrip(_DIGITS)
        suffix = key[len(stem) :]
        if stem not in self._places or suffix == "1" or suffix.startswith("0"):
            return None
        lang, rank = self._places[stem]
        rank += len(self._stems[lang][0]) * (int(suffix or 1) - 1)
        return int(self.offsets[lang]) + rank if rank < self.sizes[lang] else None


def _stems(lang: str, variant: int) -> list[str]:
    heads = [spellings(word)[variant] for word in LANGUAGES[lang].tag_heads]
    tails = [spellings(word)[variant] for word in LANGUAGES[lang].tag_tails]
    # neighbours in rank share neither head nor tail, so that the most used tags do not look alike
    return [
        head + tails[(turn + 7 * place) % len(tails)] for turn in range(len(tails)) for place, head in enumerate(heads)
    ]
