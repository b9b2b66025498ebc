"""The pages of `/setup` as its templates show them."""

from __future__ import annotations

import asyncio
import zoneinfo
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from litestar import Response

from pipeline.settings import SettingsError
from pipeline.web.frame import AnyRequest, page, words_of
from pipeline.web.setup.changes import Change, lines_of
from pipeline.web.setup.channels import Channel
from pipeline.web.setup.forms import fields_of
from pipeline.web.setup.nearby import Suggested
from pipeline.web.setup.refusals import refusal_of
from pipeline.web.setup.trying import Tried
from pipeline.web.tokens import Session
from pipeline.wording import catalogue
from schemas.definitions import Definitions


def form_page_of(
    request: AnyRequest,
    session: Session,
    definitions: Definitions,
    kind: str,
    name: str,
    form: Mapping[str, str],
    *,
    fault: SettingsError | None = None,
    tried: Tried | None = None,
    channels: Sequence[tuple[str, str]] = (),
    found: Sequence[Channel] | None = None,
    suggested: Sequence[Suggested] = (),
) -> Response[str]:
    """The form of a table, as it is filled in; `fault`: why it is refused."""
    scopes = [
        "all",
        *(f"event:{one.name}" for one in definitions.events),
        *(one.scope for one in definitions.watchlists),
    ]
    return setup_page(
        request,
        session,
        "form",
        status=422 if fault else 200,
        kind=kind,
        name=name,
        groups=fields_of(kind),
        form=form,
        refusal=refusal_of(fault, kind, words_of(request)) if fault else None,
        scopes=list(dict.fromkeys([*scopes, form.get("on") or "all"])),
        zones=_zones(),
        tried=tried,
        titles=definitions.titles,
        channels=channels,
        found=found,
        suggested=suggested,
    )


async def review_page(
    request: AnyRequest,
    session: Session,
    change: Change,
    old: Definitions,
    new: Definitions,
    *,
    overtaken: bool = False,
) -> Response[str]:
    """What a change changes, before it is made; `overtaken`: somebody else has changed something meanwhile."""
    lines = await asyncio.to_thread(lines_of, old, new)
    status = 409 if overtaken else 200
    return setup_page(
        request, session, "review", status=status, change=change, old=old, lines=lines, overtaken=overtaken
    )


def setup_page(
    request: AnyRequest, session: Session, template: str, *, status: int = 200, **values: Any
) -> Response[str]:
    says = catalogue(words_of(request).lang)
    told = {"csrf": session.csrf, "says": says["setup"], "common": says["page"]}
    return page(request, f"setup/{template}", here="setup", status=status, **told, **values)


@cache
def _zones() -> Sequence[str]:
    return sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone or zone == "UTC")
