"""A guided look around over the pages of a demo: a step a place; what each says stands in the catalogue."""

from __future__ import annotations

import msgspec


class Step(msgspec.Struct, frozen=True):
    """`name`: of its texts in the catalogue; `path`: the page that it is about; `shows`: what of it, as a selector."""

    name: str
    path: str
    shows: str


def tour_of(event: str, moderated: str) -> tuple[Step, ...]:
    """The tour over the pages of these events."""
    return (
        Step("now", "/", ".headline"),
        Step("why", "/", ".list"),
        Step("past", "/", "#controls"),
        Step("alerts", "/alerts", "#main"),
        Step("wall", f"/events/{event}/wall", "#main"),
        Step("stage", f"/screen/{event}", ""),
        Step("yours", f"/events/{moderated}/wall", "#main"),
    )
