"""Past a batch that cannot be unpacked, or to more than librdkafka takes (100 MB): it would ask for it for ever.

Where such a batch begins is told, and not where it ends. What is behind it is looked for in steps that double, and
then between what is of the batch and what is not, be that another one of the kind:

    offset   5    6    7    8    9    10   11   12   13
             [--------- the batch ---------]
             no   no        no                  yes  then 10? no, 11? yes: on from there
"""

from __future__ import annotations


class Passage:
    """The search in one partition: ask for `probe`, tell what came, until `end` is known."""

    def __init__(self, begin: int, offset: int) -> None:
        """At this offset nothing can be read, of the batch that begins at `begin`."""
        self._begin, self._bad, self._good, self._step = begin, max(begin, offset), -1, 1

    def probe(self, log_end: int) -> int:
        """The next offset to be asked for; the log goes on to `log_end`, which may be asked for, too."""
        if self._good < 0:
            return max(self._bad + 1, min(self._bad + self._step, log_end))
        return (self._bad + self._good) // 2

    def told(self, offset: int, begin: int | None) -> None:
        """What came of a probe: where the batch begins that cannot be read there; None: something can."""
        if begin == self._begin:
            self._bad, self._step = offset, 2 * self._step
        else:
            self._good = offset if begin is None else begin

    @property
    def end(self) -> int | None:
        """The first offset behind the batch, once it is known."""
        return self._good if self._good == self._bad + 1 else None
