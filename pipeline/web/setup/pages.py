"""The pages of `/setup`: an overview, a form for each table, the file, and a look at each change before it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from litestar import Response, Router, get, post
from litestar.exceptions import NotAuthorizedException, NotFoundException, PermissionDeniedException
from litestar.params import URLEncodedBody
from litestar.types import ControllerRouterHandler

from pipeline.kafka.connection import KafkaUseError
from pipeline.kafka.definitions import ChangedError
from pipeline.settings import FILE_NAME, SettingsError
from pipeline.settings.writing import table_text, toml_of
from pipeline.text import printable
from pipeline.web.bodies import body_of
from pipeline.web.door import Door, Login
from pipeline.web.frame import AnyRequest, words_of
from pipeline.web.history import History, HistoryError
from pipeline.web.links import LinksError, Rights
from pipeline.web.setup.changes import Change, named
from pipeline.web.setup.channels import Channel, Channels
from pipeline.web.setup.desk import SetupDesk
from pipeline.web.setup.forms import TABLES, filled, table_filled
from pipeline.web.setup.nearby import Nearby, Suggested
from pipeline.web.setup.shown import form_page_of, review_page, setup_page
from pipeline.web.setup.trying import would_fire
from pipeline.web.tokens import Session, audit
from schemas.access import same
from schemas.alerts import Receiver, Rule
from schemas.definitions import MAX_DEFINITIONS_BYTES, Definitions

MOST_BYTES = 4 * MAX_DEFINITIONS_BYTES  # of a form that carries a whole file, as forms write it
MOST_FIELDS = 64
Form = Mapping[str, str]
Show = Callable[[AnyRequest, Session, SetupDesk], Awaitable[Response[Any]]]
Take = Callable[[AnyRequest, Session, SetupDesk, Form], Awaitable[Response[Any]]]
_RIGHTS: dict[str, Rights] = {"write": "write"}


class Setup:
    """What the pages work with. Without `desk` nothing can be changed at this server; rules are tried out on the lists
    of `history`; `try_receiver` sends one a test and says what went wrong (""), in that language; `channels` are where
    posts come from, `nearby` suggests hashtags."""

    def __init__(
        self,
        door: Door,
        desk: SetupDesk | None = None,
        history: History | None = None,
        receivers: Sequence[Receiver] = (),
        try_receiver: Callable[[Receiver, str], Awaitable[str]] | None = None,
        public_url: str = "",
        channels: Channels | None = None,
        nearby: Nearby | None = None,
    ) -> None:
        self.door, self.desk, self.history, self.public_url = door, desk, history, public_url
        self.channels, self.nearby = channels, nearby
        self.receivers, self.try_receiver = {one.name: one for one in receivers}, try_receiver

    async def shown(
        self, request: AnyRequest, show: Callable[[Session, SetupDesk], Awaitable[Response[Any]]]
    ) -> Response[Any]:
        """The page, for who may decide; else the form to sign in, or why there is none."""
        session = self.door.session(request)
        if session is None:
            return self.door.form(request, "setup", "/setup")
        if session.token.rights != "write" or self.door.gate.links.signed(session.token):
            raise PermissionDeniedException(f"the token {session.token.name} may not set up")
        if self.desk is None:
            return setup_page(request, session, "away", status=503, fault="")
        try:
            return await show(session, self.desk)
        except (HistoryError, KafkaUseError, LinksError) as error:
            return setup_page(request, session, "away", status=503, fault=str(error))

    async def sent(
        self, request: AnyRequest, answer: Callable[[Session, SetupDesk, Form], Awaitable[Response[Any]]]
    ) -> Response[Any]:
        """The answer to a form that this session's page sent. Raises HTTPException."""

        async def answered(session: Session, desk: SetupDesk) -> Response[Any]:
            form = await _form(request)
            if not same(session.csrf, form.get("csrf", "")):
                raise PermissionDeniedException("the page is not of this session; load it again")
            return await answer(session, desk, form)

        return await self.shown(request, answered)


def setup_routes(setup: Setup) -> Router:
    """The routes below /setup."""

    async def near(form: Form) -> list[Suggested]:
        hashtags, title = form.get("hashtags"), form.get("title", "")
        return await setup.nearby.of(hashtags.split(), title) if setup.nearby and hashtags is not None else []

    async def shown_form(
        request: AnyRequest, session: Session, definitions: Definitions, form: Form, **more: Any
    ) -> Response[Any]:
        kind, name = _asked_for(request)
        channels, suggested = setup.channels.all() if setup.channels else (), await near(form)
        return form_page_of(
            request, session, definitions, kind, name, form, channels=channels, suggested=suggested, **more
        )

    async def found_of(request: AnyRequest, definitions: Definitions, form: Form) -> list[Channel]:
        if setup.channels is None:
            return []
        return await setup.channels.tried(definitions.events, form.get("hashtags", "").split(), words_of(request))

    handlers: list[ControllerRouterHandler] = []

    def shown(*paths: str) -> Callable[[Show], Show]:
        """What answers who looks at these paths."""

        def route(show: Show) -> Show:
            async def looked(request: AnyRequest) -> Response[Any]:
                return await setup.shown(request, partial(show, request))

            handlers.append(get(list(paths))(looked))
            return show

        return route

    def sent(*paths: str, status_code: int = 200) -> Callable[[Take], Take]:
        """What answers who sends a form there."""

        def route(take: Take) -> Take:
            async def came(request: AnyRequest) -> Response[Any]:
                return await setup.sent(request, partial(take, request))

            handlers.append(post(list(paths), status_code=status_code)(came))
            return take

        return route

    @sent("/setup/channels")
    async def channels_tried(request: AnyRequest, session: Session, desk: SetupDesk, form: Form) -> Response[Any]:
        found = await found_of(request, await desk.newest(), form)
        return setup_page(request, session, "found", found=found, channels=())

    @get("/setup/suggested")
    async def suggested(request: AnyRequest) -> Response[Any]:
        if setup.door.session(request) is None:
            raise NotAuthorizedException("sign in at /setup")  # a script asks

        async def show(session: Session, _desk: SetupDesk) -> Response[Any]:
            asked = {name: request.query_params.get(name, "") for name in ("hashtags", "title")}
            return setup_page(request, session, "near", suggested=await near(asked))

        return await setup.shown(request, show)

    @get("/setup/session")
    async def session_now(request: AnyRequest) -> Response[Any]:
        """What a form must bring that is sent now; 401 where nobody is signed in."""
        session = setup.door.session(request)
        if session is None:
            raise NotAuthorizedException("sign in at /setup")
        return Response({"csrf": session.csrf}, headers={"Cache-Control": "no-store"})

    @shown("/setup")
    async def overview(request: AnyRequest, session: Session, desk: SetupDesk) -> Response[Any]:
        return await _overview(request, session, setup, desk)

    @sent("/setup/receivers/{name:str}")
    async def receiver_tried(request: AnyRequest, session: Session, desk: SetupDesk, _form: Form) -> Response[Any]:
        name = request.path_params["name"]
        receiver = setup.receivers.get(name)
        if receiver is None or setup.try_receiver is None:
            raise NotFoundException("there is no such receiver")
        fault = await setup.try_receiver(receiver, words_of(request).lang)
        return await _overview(request, session, setup, desk, (name, fault))

    @post("/setup/login", status_code=303)
    async def log_in(request: AnyRequest, data: URLEncodedBody[Login]) -> Response[str]:
        return await setup.door.enter(request, data, "setup", "/setup")

    @shown("/setup/{kind:str}", "/setup/{kind:str}/{name:str}")
    async def form_page(request: AnyRequest, session: Session, desk: SetupDesk) -> Response[Any]:
        kind, name = _asked_for(request)
        definitions = await desk.newest()
        form = filled(kind, _table(definitions, kind, name))
        return await shown_form(request, session, definitions, form)

    @sent("/setup/{kind:str}", "/setup/{kind:str}/{name:str}")
    async def form_sent(request: AnyRequest, session: Session, desk: SetupDesk, form: Form) -> Response[Any]:
        kind, name = _asked_for(request)
        definitions = await desk.newest()
        old = _table(definitions, kind, name)
        if form.get("act") == "check":
            found = await found_of(request, definitions, form)
            return await shown_form(request, session, definitions, form, found=found)
        if form.get("act") == "again":
            with suppress(SettingsError):
                old = await asyncio.to_thread(Change(kind, name, form.get("text", "")).put, definitions) or old
            return await shown_form(request, session, definitions, filled(kind, old))
        if form.get("act") == "suggest" or "take" in form:
            taken = f"{form.get('hashtags', '')} {form.get('take', '')}".strip()
            return await shown_form(request, session, definitions, {**form, "hashtags": taken})
        table = table_filled(kind, form, old)
        change = Change(kind, name, "" if form.get("act") == "remove" else table_text(kind, table))
        new = await _checked(change, definitions)
        if isinstance(new, SettingsError):
            return await shown_form(request, session, definitions, form, fault=new)
        rule = named(new, kind, table["name"])
        if form.get("act") == "try" and isinstance(rule, Rule) and setup.history is not None:
            tried = await asyncio.to_thread(would_fire, rule, setup.history)
            return await shown_form(request, session, definitions, form, tried=tried)
        return await review_page(request, session, change, definitions, new)

    @sent("/setup/links")
    async def link_made(request: AnyRequest, session: Session, desk: SetupDesk, form: Form) -> Response[Any]:
        name, rights = form.get("name", "").strip(), _RIGHTS.get(form.get("rights", ""), "read")
        try:
            secret = setup.door.gate.links.make(name, rights)
        except ValueError:
            return await _overview(request, session, setup, desk, refused=name)
        audit.info("%s made a link for %s with the right to %s", session.token.name, name, rights)
        address = f"{(setup.public_url or str(request.base_url)).rstrip('/')}/moderate?link={secret}"
        return await _overview(request, session, setup, desk, link=address)

    @sent("/setup/links/{name:str}")
    async def link_taken_back(request: AnyRequest, session: Session, desk: SetupDesk, _form: Form) -> Response[Any]:
        name = request.path_params["name"]
        setup.door.gate.take_back(name)
        audit.info("%s took the link of %s back", session.token.name, printable(name, 63))
        return await _overview(request, session, setup, desk)

    @shown("/setup/file")
    async def file_page(request: AnyRequest, session: Session, desk: SetupDesk) -> Response[Any]:
        return setup_page(request, session, "file", text=toml_of(await desk.newest()), fault=None)

    @sent("/setup/file")
    async def file_sent(request: AnyRequest, session: Session, desk: SetupDesk, form: Form) -> Response[Any]:
        definitions, change = await desk.newest(), Change("file", "", form.get("text", ""))
        if form.get("act") == "again":
            return setup_page(request, session, "file", text=change.text, fault=None)
        new = await _checked(change, definitions)
        if isinstance(new, SettingsError):
            return setup_page(request, session, "file", status=422, text=change.text, fault=str(new))
        written = Change("file", "", toml_of(new))  # without what a file says besides, such as secrets
        return await review_page(request, session, written, definitions, new)

    @shown("/setup/upswell.toml")
    async def export(_request: AnyRequest, _session: Session, desk: SetupDesk) -> Response[Any]:
        told = {"Content-Disposition": f'attachment; filename="{FILE_NAME}"', "Cache-Control": "no-store"}
        return Response(toml_of(await desk.newest()), media_type="application/toml; charset=utf-8", headers=told)

    @sent("/setup/apply", status_code=303)
    async def apply(request: AnyRequest, session: Session, desk: SetupDesk, form: Form) -> Response[Any]:
        change = Change(*(form.get(name, "") for name in Change._fields))
        definitions = await desk.newest()
        if not change.is_in(definitions):  # else it was sent twice
            new = await _checked(change, definitions)
            if isinstance(new, SettingsError):
                return setup_page(request, session, "away", status=422, fault=str(new))
            if form.get("since") != definitions.version:
                return await review_page(request, session, change, definitions, new, overtaken=True)
            try:
                await desk.change(new, definitions.version, session.token.name)
            except ChangedError as error:
                return await review_page(
                    request, session, change, error.newest, change.of(error.newest), overtaken=True
                )
        asked = f"&lang={words_of(request).lang}" if request.query_params.get("lang") else ""
        return Response("", status_code=303, headers={"Location": f"/setup?done=1{asked}", "Cache-Control": "no-store"})

    handlers += [suggested, session_now, log_in]
    return Router("/", route_handlers=handlers, include_in_schema=False)


async def _overview(
    request: AnyRequest,
    session: Session,
    setup: Setup,
    desk: SetupDesk,
    tried: tuple[str, str] | None = None,
    *,
    link: str = "",
    refused: str | None = None,
) -> Response[str]:
    definitions = await desk.newest()
    return setup_page(
        request,
        session,
        "overview",
        definitions=definitions,
        behind=await desk.behind(),
        done=bool(request.query_params.get("done")),
        receivers=list(setup.receivers.values()),
        tried=tried,
        links=setup.door.gate.links.all(),
        link=link,
        cache_control="no-store" if link else "",
        refused=refused,
        status=200 if refused is None else 422,
    )


def _asked_for(request: AnyRequest) -> tuple[str, str]:
    """The kind and the name of the table that a form is of."""
    return str(request.path_params.get("kind", "")), str(request.path_params.get("name", ""))


def _table(definitions: Definitions, kind: str, name: str) -> Any:
    """The table of that kind and name, none for a new one. Raises NotFoundException."""
    found = named(definitions, kind, name)
    if kind not in TABLES or (name and found is None):
        raise NotFoundException("there is nothing of this name to set up")
    return found


async def _checked(change: Change, definitions: Definitions) -> Definitions | SettingsError:
    try:
        return await asyncio.to_thread(change.of, definitions)
    except SettingsError as error:
        return error


async def _form(request: AnyRequest) -> dict[str, str]:
    """The fields of a form as browsers send it. Raises HTTPException."""
    body = await body_of(request, MOST_BYTES)
    try:
        pairs = parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return {name: value.replace("\r\n", "\n") for name, value in pairs}
