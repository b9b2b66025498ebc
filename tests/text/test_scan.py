"""What is compiled says what the rules say, or that it is not sure."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.text import DIALECTS, Dialect, keys, text_key, topics
from pipeline.text._compiled import scan
from pipeline.text.topics import full_spellings_of, spellings_of

# signs, boundaries, letters of each class that the rules tell apart, the beginnings of links and mentions
PIECES = [
    *"##$$@ \t\n\r\xa0\u3000.,;:!?)(\"'…/_-0123456789abXYZéßÿÀ×÷ªµ²ŒœŸžƒ€™’“ˆİı中😀\u200d\x00\x85\x1f＃﹟",
    "http://", "https://x.y/#z", "RT @ann: ", "RT @", "hhttp", "#tag", "$AAPL", "#12", "$5", "#1_a", "mot ", "\u2028",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@contextmanager
def without(compiled: str, *modules: ModuleType) -> Iterator[None]:
    """The compiled part of that name is absent from these modules."""
    with pytest.MonkeyPatch.context() as patch:
        for module in modules:
            patch.setattr(module, compiled, None)
        yield


def test_where_there_is_a_compiler_it_is_used() -> None:
    assert scan is not None or shutil.which("cc") is None, "install again: the compiled part is missing"


@pytest.mark.parametrize("dialect", DIALECTS)
@given(text=TEXTS)
@example("#a" * 80)
@example(" ".join(["#a"] * 80))
@example("#" + "a" * 70)
@example("#0123a #012a #é_ #_ ")
def test_tags_are_those_of_the_rules(dialect: Dialect, text: str) -> None:
    compiled = spellings_of(text, dialect)
    with without("scan", topics, keys):
        assert compiled == spellings_of(text, dialect) == full_spellings_of(text, dialect)


@given(text=TEXTS)
@example("RT @a:  b")
@example("RT @ a RT @b: c")
@example("x " * 100)
@example("mot" * 19 + "mo t")
@example("mot" * 19 + "mot x")
def test_words_are_those_of_the_rules(text: str) -> None:
    compiled = text_key(text)
    with without("scan", topics, keys):
        assert compiled == text_key(text)


def test_other_things_than_texts_are_refused() -> None:
    assert scan is not None
    for call in (lambda: scan.words(b"x"), lambda: scan.tags(b"x", True, False), lambda: scan.tags("x")):
        with pytest.raises(TypeError):
            call()
