"""Posts are in the partitions that Kafka's rule gives them, with a compiler and without."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import partitions
from pipeline.partitions import compiled, split_by_author
from schemas import Post
from tests.oracle.posts import murmur2


def test_where_there_is_a_compiler_it_is_used() -> None:
    assert compiled is not None or shutil.which("cc") is None, "install again: the compiled part is missing"


@given(st.lists(st.text(max_size=12)), st.integers(2, 7))
def test_every_post_is_in_its_authors_partition_in_order(authors: list[str], count: int) -> None:
    posts = [Post(str(number), author, "", 0) for number, author in enumerate(authors)]
    expected: list[list[Post]] = [[] for _ in range(count)]
    for post in posts:
        expected[(murmur2(post.author.encode()) & 0x7FFFFFFF) % count].append(post)
    with pytest.MonkeyPatch.context() as patch:
        assert split_by_author(posts, count) == expected
        patch.setattr(partitions, "compiled", None)
        assert split_by_author(posts, count) == expected
