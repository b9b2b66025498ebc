"""`python -m tests.mutations [RULE...]`: breaks rules of docs/invariants.md on purpose, and runs who must notice.

Each mutation is one change of text. It is made in a copy of the checkout, and the tests named for it are run there; one
that they do not notice survives. A rule that stands in C and in Python is broken in each: tests of results see the
compiled form alone, those that hold the two against each other see both. Exit code 1 when one survives, or when its old
text does not stand in the file once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("agents", "bench", "docs", "examples", "grafana", "pipeline", "schemas", "tests", "upswell")
WITHIN_S = 900


@dataclass(frozen=True)
class Mutation:
    """One rule broken."""

    rule: int  # of docs/invariants.md
    what: str  # what the product does then
    file: str
    old: str
    new: str
    tests: tuple[str, ...]  # of which one must fail

    def fault(self, root: Path = ROOT) -> str:
        """Why it cannot be made; empty when it can."""
        path = root / self.file
        found = path.read_text().count(self.old) if path.is_file() else 0
        return "" if found == 1 else f"{self.file} holds {self.old!r} {found} times, not once"

    def survives(self) -> bool:
        """Whether the tests pass with the rule broken."""
        with tempfile.TemporaryDirectory(prefix="upswell-mutation-") as name:
            copy = Path(name) / "upswell"
            copy.mkdir()
            for part in PARTS:
                shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
            for file in ROOT.iterdir():
                if file.is_file() and file.name != ".git":
                    shutil.copy(file, copy / file.name)
            path = copy / self.file
            path.write_text(path.read_text().replace(self.old, self.new))
            if path.suffix in (".c", ".h"):
                compile_in(copy)
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *self.tests],
                cwd=copy,
                env=os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                timeout=WITHIN_S,
                check=False,
            )
            if done.returncode not in (0, 1):
                raise RuntimeError(f"{self.file}: the tests did not run: {(done.stdout + done.stderr)[-1_000:]}")
            return done.returncode == 0


def compile_in(copy: Path) -> None:
    """Puts what is compiled of these sources where the copy has that of the checkout."""
    with tempfile.TemporaryDirectory(prefix="upswell-wheel-") as name:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", name, str(copy)]
        subprocess.run(command, check=True)
        (wheel,) = Path(name).glob("*.whl")
        with zipfile.ZipFile(wheel) as packed:
            parts = [part for part in packed.namelist() if part.endswith(tuple(EXTENSION_SUFFIXES))]
            if not parts:
                raise RuntimeError("nothing was compiled: breaking a rule in C needs a C compiler")
            packed.extractall(copy, parts)


MUTATIONS = (
    Mutation(
        1,
        "the score reads a clock",
        "pipeline/trends/score.py",
        "import math\n",
        "import math\nimport time\n",
        ("tests/test_house.py",),
    ),
    Mutation(
        2,
        "a post at the edge of what is closed counts",
        "pipeline/trends/panes.py",
        "if start < self.frontier:",
        "if end < self.frontier:",
        ("tests/oracle", "tests/model"),
    ),
    Mutation(
        3,
        "late posts are silently gone",
        "pipeline/trends/panes.py",
        "                    self._count(self.late_by_source, post)\n",
        "",
        ("tests/cli/test_replay.py", "tests/trends/test_against_oracle.py"),
    ),
    Mutation(
        4,
        "a marker belongs to no pane",
        "pipeline/trends/panes.py",
        "self._pane(start, offset)\n            if tells",
        "pass\n            if tells",
        ("tests/model",),
    ),
    Mutation(
        5,
        "a post dated later than its record moves event time",
        "pipeline/trends/panes.py",
        "tells, time = _told_ahead(time, taken), taken",
        "tells = time",
        ("tests/agents/test_clocks.py", "tests/model"),
    ),
    Mutation(
        5,
        "a marker that is ahead takes event time to its record",
        "pipeline/trends/panes.py",
        "tells, time_ms = _told_ahead(time_ms, taken_ms), taken_ms",
        "tells = time_ms = taken_ms",
        ("tests/agents/test_clocks.py", "tests/model"),
    ),
    Mutation(
        6,
        "the same retraction twice withdraws two posts",
        "pipeline/trends/withdrawals.py",
        "                gone.add(post)\n",
        "",
        ("tests/trends/test_samples.py",),
    ),
    Mutation(
        6,
        "the same retraction twice withdraws two posts (compiled)",
        "pipeline/trends/_taken.h",
        "if (*times < most && is_new(&self->posts, post)) {",
        "if (*times < most) {",
        ("tests/trends/test_against_oracle.py", "tests/trends/test_withdrawals.py"),
    ),
    Mutation(
        6,
        "a retraction of a post that was never counted withdraws another",
        "pipeline/trends/withdrawals.py",
        "elif times.get(place, 0) < most and",
        "elif times.get(place, 0) <= most and",
        ("tests/trends/test_samples.py",),
    ),
    Mutation(
        6,
        "a retraction of a post that was never counted withdraws another (compiled)",
        "pipeline/trends/_taken.h",
        "if (*times < most && is_new(&self->posts, post)) {",
        "if (*times <= most && is_new(&self->posts, post)) {",
        ("tests/trends/test_withdrawals.py",),
    ),
    Mutation(
        12,
        "a retraction moves the clock",
        "pipeline/trends/panes.py",
        "        self.read += len(posts)\n",
        "        self.read += len(posts)\n"
        "        self.newest = max(self.newest, *(post.deleted or 0 for post in posts))  # type: ignore[type-var]\n",
        ("tests/trends/test_withdrawals.py",),
    ),
    Mutation(
        6,
        "duplicates are not told",
        "pipeline/trends/panes.py",
        "                self.duplicates += 1\n",
        "",
        ("tests/cli/test_replay.py", "tests/trends/test_against_oracle.py"),
    ),
    Mutation(
        7,
        "keys of a post may repeat a spelling's case",
        "pipeline/text/keys.py",
        ".casefold()",
        "",
        ("tests/text/test_text_keys.py",),
    ),
    Mutation(
        10,
        "which text stands for a person depends on the order",
        "pipeline/trends/people.py",
        "if before != t and text_priority_of_one(a, t) < text_priority_of_one(a, before):",
        "if before != t:",
        ("tests/trends", "tests/oracle"),
    ),
    Mutation(
        10,
        "which text stands for a person depends on the order (compiled)",
        "pipeline/trends/_priority.h",
        "return (h ^ h >> 32) >> 1 | text << 63;",
        "return 0;",
        ("tests/trends/test_samples.py", "tests/trends/test_uniting.py"),
    ),
    Mutation(
        12,
        "the rewind offset lies behind an open pane",
        "pipeline/trends/panes.py",
        "return min((pane.first_offset for pane in self._open.values()), default=next_offset)",
        "return max((pane.first_offset for pane in self._open.values()), default=next_offset)",
        ("tests/model",),
    ),
    Mutation(
        13,
        "a pane promises panes that come after it in the same close",
        "pipeline/trends/panes.py",
        "counts.frontier = following",
        "counts.frontier = self.frontier",
        ("tests/trends/test_frontiers.py",),
    ),
    Mutation(
        17,
        "an older definition replaces a newer one",
        "agents/count.py",
        "if definitions.order <= self.definitions.order:",
        "if definitions.order == self.definitions.order:",
        ("tests/model", "tests/agents/test_definitions.py"),
    ),
    Mutation(
        18,
        "a text that many repeat counts as many as repeat it",
        "pipeline/trends/people.py",
        "float(single + 2 * (len(held) - single)),",
        "float(m),",
        ("tests/trends/test_samples.py",),
    ),
    Mutation(
        18,
        "a text that many repeat counts as many as repeat it (compiled)",
        "pipeline/trends/_samples.c",
        "held[0] += end - begin == 1, held[1] += 1;",
        "held[0] += end - begin, held[1] += end - begin;",
        ("tests/trends/test_against_oracle.py",),
    ),
    Mutation(
        18,
        "in a past that slides, a text that many repeat counts as many as repeat it (compiled)",
        "pipeline/trends/_topic_support.h",
        "held == 1 ? scale : held > 1 ? 2.0 : 0.0;",
        "held * scale;",
        ("tests/trends/test_against_oracle.py", "tests/trends/test_sliding.py"),
    ),
    Mutation(
        19,
        "what scores below OFF has weight",
        "pipeline/trends/score.py",
        "if score >= OFF else 0.0",
        "if score >= 0 else 0.0",
        ("tests/trends/test_against_oracle.py",),
    ),
    Mutation(
        20,
        "a list is empty though two people say something",
        "pipeline/trends/lists.py",
        "            slots = self._most_support(FALLBACK_SUPPORT, ROWS, there)\n",
        "            slots = []\n",
        ("tests/trends/test_against_oracle.py",),
    ),
    Mutation(
        21,
        "a topic of many texts is told to be one post",
        "pipeline/trends/standing.py",
        "if long.one_text > 0.5:",
        "if long.one_text > 0.2:",
        ("tests/trends/test_against_oracle.py",),
    ),
    Mutation(
        22,
        "a life begins below its own record",
        "pipeline/trends/score.py",
        "if self.since is None and score >= on and beats_record:",
        "if self.since is None and score >= on:",
        ("tests/trends/test_against_oracle.py",),
    ),
    Mutation(
        23,
        "control characters reach the terminal",
        "pipeline/text/showing.py",
        r'_NOT_TEXT = regex.compile(r"[\p{Cc}',
        r'_NOT_TEXT = regex.compile(r"[',
        ("tests/text/test_text_shown.py", "tests/cli/test_terminal.py"),
    ),
    Mutation(
        26,
        "wrong use ends as a failure",
        "pipeline/cli/errors.py",
        "    exit_code = WRONG_USE",
        "    exit_code = FAILED",
        ("tests/cli/test_command.py",),
    ),
    Mutation(
        31,
        "an alert that is known already is delivered again",
        "pipeline/alerts/outbox.py",
        '"INSERT OR IGNORE INTO delivery (',
        '"INSERT OR REPLACE INTO delivery (',
        ("tests/alerts/test_delivery.py",),
    ),
    Mutation(
        33,
        "looking ahead takes posts away from what closes",
        "pipeline/trends/open_pane.py",
        "    told_posts, pane.told_posts = pane.told_posts, len(pane.ids)\n",
        "    told_posts, pane.told_posts = pane.told_posts, len(pane.ids)\n    pane.duplicates += 1\n",
        ("tests/trends/test_early_lists.py",),
    ),
    Mutation(
        20,
        "a ring of bots hides among the people of its tag",
        "pipeline/trends/suspicion.py",
        "            if len(alone.people) >= LEAST:\n",
        "            if len(alone.people) >= LEAST * 100:\n",
        ("tests/trends/test_suspicion.py",),
    ),
    Mutation(
        20,
        "everybody is new where nobody could have been heard",
        "pipeline/trends/heard.py",
        "        if self._began is None or hour <= self._began:\n",
        "        if self._began is None:\n",
        ("tests/trends/test_suspicion.py",),
    ),
    Mutation(
        18,
        "words are held against their past, however many more people write",
        "pipeline/trends/score.py",
        "    return growth * e, growth * e + ",
        "    return e, growth * e + ",
        ("tests/trends/test_against_oracle.py::test_an_hour_in_which_words_surge_is_the_references",),
    ),
    Mutation(
        18,
        "a past of few people tells which words are usual",
        "pipeline/trends/score.py",
        "WRITERS_PER_PAST = 4.0 ",
        "WRITERS_PER_PAST = 4e9 ",
        (
            "tests/trends/test_words_of_events.py::test_no_words_trend_where_the_past_has_heard_few",
            "tests/trends/test_against_oracle.py::test_words_of_a_rush_are_the_references",
        ),
    ),
    Mutation(
        18,
        "who says a word makes it less remarkable that it is said",
        "pipeline/trends/usual.py",
        "        others = np.array([[support.n] for support in read(slot)]) - n\n",
        "        others = np.array([[support.n] for support in read(slot)]) + 0 * n\n",
        ("tests/trends/test_against_oracle.py::test_an_hour_in_which_words_surge_is_the_references",),
    ),
    Mutation(
        18,
        "all words of an event stand under the tag that everybody writes",
        "pipeline/trends/joining.py",
        "        people = (min if few else max)(",
        "        people = (min if few or True else max)(",
        (
            "tests/trends/test_words_of_events.py::test_what_everybody_writes_takes_no_words_into_its_row",
            "tests/trends/test_against_oracle.py::test_an_hour_in_which_words_surge_is_the_references",
        ),
    ),
    Mutation(
        7,
        "a post counts twice for what it says as a tag and as a word",
        "pipeline/text/words.py",
        "    known = {fold(spelling)[1:] for spelling in spellings}\n",
        "    known = {fold(spelling)[2:] for spelling in spellings}\n",
        ("tests/text/test_words.py::test_a_word_that_is_a_tag_of_the_post_is_no_topic_again",),
    ),
)


def main(numbers: Sequence[str]) -> int:
    """Tells of each mutation whether it was caught; `numbers` are rules, all when there are none."""
    failed = 0
    for mutation in MUTATIONS:
        if numbers and str(mutation.rule) not in numbers:
            continue
        fault = mutation.fault()
        survives = not fault and mutation.survives()
        failed += bool(fault or survives)
        said = fault or ("NOT CAUGHT" if survives else "caught")
        print(f"{mutation.rule:>3}  {mutation.what}: {said}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
