"""The demo's telephones and its letter box: a provider that brings each SMS to a webhook, signed, and a Maildir."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path

import httpx
from litestar import Router

from pipeline.cancelling import cancel_and_wait
from pipeline.cli.demo_people import chance
from pipeline.sources.gateway import Gateway
from pipeline.sources.journal import Journal
from pipeline.sources.live.maildir import Maildir
from pipeline.sources.live.sink import Sink
from pipeline.sources.senders import Senders
from pipeline.web.posting import PostDesk
from pipeline.web.webhooks import Hook, WebhookDesk, webhook_routes
from schemas import Post
from schemas.webhooks import Webhook

TOKEN = "the token of the demo's own provider"  # noqa: S105 - nobody else reaches it
LOOKS_EVERY_S = 0.5  # into the letter box
_HOOK = "telephones"
_log = logging.getLogger(__name__)


class Letters:
    """SMS and mails on their way: `text` and `deliver` hand them over, `sink` gets the posts that they become. All on
    one event loop. `address`: of the server of `routes`; `clock`: now, in ms of the demo's time."""

    def __init__(self, folder: Path, address: str, sink: Sink, clock: Callable[[], int], max_age_s: float) -> None:
        self._box = folder / "mail"
        for name in ("tmp", "new", "cur"):
            (self._box / name).mkdir(parents=True)
        self._senders = Senders.of_folder(folder)
        self.mailbox = Maildir("letters", str(self._box), self._senders, every_s=LOOKS_EVERY_S, max_age_s=max_age_s)
        self._gateway = Gateway(lambda: Journal(folder / "posts"), lambda: sink, now_ms=clock)
        hook = Hook(Webhook(name=_HOOK, kind="twilio", secret=TOKEN), TOKEN, {})
        desk = WebhookDesk({_HOOK: hook}, PostDesk(gateway=self._gateway), self._senders, address)
        desk.now_s = lambda: clock() / 1_000
        self.routes: Router = webhook_routes(desk)
        self._url = f"{address}/hooks/{_HOOK}"
        self._written: asyncio.Queue[Post] = asyncio.Queue()
        self._provider: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """From now on what is written is brought."""
        await self._gateway.start()
        self._provider = asyncio.create_task(self._bring())

    async def stop(self) -> None:
        """Nothing more is brought."""
        if self._provider is not None:
            await cancel_and_wait(self._provider)
        await self._gateway.stop()

    def text(self, post: Post) -> str:
        """Sends the post as an SMS; returns the id of the post that it becomes."""
        self._written.put_nowait(post)
        return self._senders.reference(f"{_HOOK} {post.id}")

    def deliver(self, post: Post) -> str:
        """Puts the post as a mail into the letter box; returns the id of the post that it becomes."""
        mail = EmailMessage()
        mail["From"] = f"{(post.author_name or 'Somebody').replace(chr(10), ' ')} <{post.author}>"
        mail["Date"] = formatdate(int(post.time) / 1_000)
        mail["Message-ID"] = post.id
        mail.set_content(post.text)
        name = f"{int(post.time)}.{chance(post.id)}.demo"
        (self._box / "tmp" / name).write_bytes(bytes(mail))
        (self._box / "tmp" / name).rename(self._box / "new" / name)
        return self._senders.reference(post.id)

    async def _bring(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                post = await self._written.get()
                digits = "".join(filter(str.isdigit, post.author))
                form = {"From": f"+336{digits:0>8}", "To": "+33600000000", "Body": post.text, "MessageSid": post.id}
                signed = self._url + "".join(name + value for name, value in sorted(form.items()))
                mac = hmac.new(TOKEN.encode(), signed.encode(), hashlib.sha1).digest()
                headers = {"X-Twilio-Signature": base64.b64encode(mac).decode()}
                try:
                    (await client.post(self._url, data=form, headers=headers)).raise_for_status()
                except httpx.HTTPError as error:  # of this one: a provider goes on with the next
                    _log.warning("an SMS of the demo did not arrive: %s", error)
