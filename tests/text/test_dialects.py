"""Each dialect finds what its network's public rules say: the cases are the data files beside this module."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from text_samples import HOSTILE, TEXTS

from pipeline.text import DIALECTS, Dialect, Entities, Item, extract

CASES = [
    pytest.param(dialect, case, id=f"{dialect}: {case['claim']}")
    for dialect in DIALECTS
    for case in json.loads((Path(__file__).parent / f"{dialect}.json").read_text("utf-8"))
]


@pytest.mark.parametrize(("dialect", "case"), CASES)
def test_the_dialect_finds_what_its_rules_say(dialect: Dialect, case: dict[str, Any]) -> None:
    found = extract(case["text"], dialect)
    for kind in {"hashtags", "cashtags", "mentions", "urls"} & case.keys():
        items = [{"text": item.text, "indices": [item.start, item.end]} for item in getattr(found, kind)]
        assert items == case[kind], kind


def conformance_answer(group: str, found: Entities, text: str) -> Any:
    """What twitter-text's function of that group answers, from what we found."""
    names = [item.text[1:].partition("/") for item in found.mentions]
    if group == "mentions":
        return [name for name, _, _ in names]
    if group == "mentions_with_indices":
        return [{"screen_name": item.text[1:], "indices": [item.start, item.end]} for item in found.mentions]
    if group == "mentions_or_lists_with_indices":
        return [
            {"screen_name": name, "list_slug": slash + slug, "indices": [item.start, item.end]}
            for (name, slash, slug), item in zip(names, found.mentions, strict=True)
        ]
    if group == "replies":  # a mention that nothing but white space stands before
        return names[0][0] if names and not text[: found.mentions[0].start].strip() else None
    kind = "url" if "url" in group else "hashtag" if group.startswith("hashtag") else "cashtag"
    items: list[Item] = getattr(found, f"{kind}s")
    texts = [item.text if kind == "url" else item.text[1:] for item in items]
    if group.endswith(("_with_indices", "_directional_markers")):
        return [{kind: name, "indices": [item.start, item.end]} for name, item in zip(texts, items, strict=True)]
    return texts


def test_every_conformance_case_of_twitter_text_passes(data_dir: Path) -> None:
    groups = json.loads((data_dir / "twitter-text" / "extract.json").read_text("utf-8"))["tests"]
    failed = [
        (group, case["text"], got, case["expected"])
        for group, cases in groups.items()
        for case in cases
        if (got := conformance_answer(group, extract(case["text"], "twitter"), case["text"])) != case["expected"]
    ]
    assert sum(map(len, groups.values())) > 150
    assert not failed


def test_every_top_level_domain_of_twitter_text_makes_a_link(data_dir: Path) -> None:
    lines = (data_dir / "twitter-text" / "tlds.yml").read_text("utf-8").splitlines()
    links = [line.split()[-1] for line in lines if line.strip().startswith("text:")]
    assert len(links) > 1_500
    for link in links:
        assert [item.text for item in extract(link, "twitter").urls] == [link]


@given(TEXTS, st.sampled_from(DIALECTS))
def test_items_are_where_they_say_and_in_order(text: str, dialect: Dialect) -> None:
    found = extract(text, dialect)
    for items in found:
        assert all(text[item.start : item.end] == item.text and item.text for item in items)
        assert all(one.end <= next_.start for one, next_ in pairwise(items))
    assert all(item.text[0] in "#＃﹟" for item in found.hashtags)
    assert all(item.text[0] in "@＠" for item in found.mentions)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_hostile_texts_take_no_more_than_linear_time(dialect: Dialect) -> None:
    # quadratic rules would take minutes here
    for text in HOSTILE:
        extract(text, dialect)
