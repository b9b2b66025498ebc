"""What the past lets one expect of a topic; of words, their usual share of what people write (docs/trending.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pipeline.trends.arrays import F64
from pipeline.trends.baseline import Baseline
from pipeline.trends.baseline_buckets import BaselineWeight
from pipeline.trends.names import WORD
from pipeline.trends.people import Support
from pipeline.trends.score import WRITERS_PER_PAST, at_volume, growth_of
from pipeline.trends.timeline import Timeline

_NONE = np.zeros(0, np.int64)

Read = Callable[[int], tuple[Support, Support]]  # by slot: support of the short and the long window


class Usual:
    """Of one scope and window. `support` is that of the last step."""

    def __init__(self, baseline: Baseline, support: Read, timeline: Timeline) -> None:
        self._baseline, self._support, self._timeline = baseline, support, timeline
        self._windows, self._spec = baseline.scope.windows, baseline.spec

    def expect(self, slots: Sequence[int], past: BaselineWeight, read: Read | None = None) -> tuple[F64, F64]:
        """(e, v) of short and long window for these slots, (2, slots) each: of words their usual share of what people
        write. `read` gives the support of a slot (None: that of the last step)."""
        e, v = found = self._baseline.expect(np.array(slots, np.int64), past, self._timeline)
        windows = self._windows
        if windows.whole is None or past.weight == 0:
            return found
        words = np.flatnonzero(windows.kinds[slots] == WORD) if slots else _NONE
        if len(words):
            read = read or self._support
            n = np.array([[support.n for support in read(slots[number])] for number in words.tolist()]).T
            growth, unseen = self.volume(n, e[:, words], past, read)
            e[:, words], v[:, words] = at_volume(e[:, words], v[:, words], growth, unseen[:, None])
        return found

    def tells_of_words(self, past: BaselineWeight, read: Read | None = None) -> bool:
        """Whether the past tells which words are usual: it has heard at least a quarter as many write words as do
        now, in the long window. `read` as in `expect`."""
        whole = self._windows.whole
        if whole is None or past.weight == 0:
            return True
        heard = self._baseline.sums(whole, past, self._timeline)[0][1]
        return bool((read or self._support)(whole)[1].n <= WRITERS_PER_PAST * heard)

    def volume_of(self, slot: int, past: BaselineWeight) -> tuple[F64, F64] | None:
        """By what `expect` measures words at the last step, by window; None: it is a tag, or there is no past."""
        if self._windows.kinds[slot] != WORD or past.weight == 0:
            return None
        e, _ = self._baseline.expect(np.array([slot]), past, self._timeline)
        n = np.array([[support.n] for support in self._support(slot)])
        growth, unseen = self.volume(n, e, past, self._support)
        return growth[:, 0], unseen

    def volume(self, n: F64, e: F64, past: BaselineWeight, read: Read) -> tuple[F64, F64]:
        """How many times as many people as usual write other words, for words of this support and expectation (2,
        words), and how often at most what nobody has heard was said, by window: see `at_volume`."""
        slot = self._windows.whole
        assert slot is not None
        usual, _ = self._baseline.expect(np.array([slot]), past, self._timeline)
        unseen = np.array(self._spec.windows_ms) / (past.weight * self._spec.bucket_ms)
        others = np.array([[support.n] for support in read(slot)]) - n
        return growth_of(others, np.maximum(usual - e, unseen[:, None])), unseen
