"""The short form of `make mutations`: each mutation can still be made, and is of a rule that stands on the page."""

from __future__ import annotations

import re

import pytest

from tests.mutations import MUTATIONS, ROOT, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.what)
def test_its_old_text_stands_once_in_its_file_and_its_tests_exist(mutation: Mutation) -> None:
    assert mutation.fault() == ""
    assert mutation.new != mutation.old
    for test in mutation.tests:
        assert (ROOT / test.split("::")[0]).exists()


def test_twenty_rules_are_broken() -> None:
    rules = re.findall(r"^(\d+)\. ", (ROOT / "docs" / "invariants.md").read_text(), re.MULTILINE)
    assert len({mutation.rule for mutation in MUTATIONS} & {int(rule) for rule in rules}) >= 20
