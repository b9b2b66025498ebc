"""What brings posts to this server by HTTP, as one part of it: the API, providers' webhooks, people in the room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from litestar import Router
from prometheus_client import CollectorRegistry

from pipeline.settings import Settings, SettingsError
from pipeline.sources.gateway import Gateway
from pipeline.sources.journal import Journal
from pipeline.sources.live.sink import KafkaSink
from pipeline.sources.senders import Senders
from pipeline.web.posting import PostDesk
from pipeline.web.room import Room, room_routes
from pipeline.web.room_pictures import RoomPictures
from pipeline.web.wall_service import WallService
from pipeline.web.webhooks import WebhookDesk, hooks_of, webhook_routes


class Incoming:
    """What `create_app` takes: `desk` for posts, `routers`, `start` for on_startup, `stop` for on_shutdown. Without
    Kafka none are taken."""

    def __init__(
        self,
        settings: Settings,
        walls: WallService,
        say: Callable[[str], None],
        *,
        kafka: bool,
        pictures: RoomPictures | None = None,
        registry: CollectorRegistry | None = None,
    ) -> None:
        """`pictures` keeps those that people in the room send; None: they send none. The folder of the settings' state
        is used at once where a token or a webhook brings posts, else when somebody in the room first writes. Raises
        SettingsError, FolderError."""
        self._folder = Path(settings.state_dir)
        hooks = hooks_of(settings)
        self._gateway: Gateway | None = None
        if kafka:
            gateway = Gateway(lambda: Journal(self._folder / "posts"), lambda: KafkaSink(settings, say))
            if hooks or any(token.rights == "post" for token in settings.tokens):
                gateway.open_journal()
            self._gateway = gateway
        self.desk = PostDesk(walls.gate, self._gateway)
        https, url = settings.public_url.startswith("https://"), settings.public_url
        room = Room(walls.walls, self.desk, self._senders, https=https, public_url=url, pictures=pictures)
        self.routers: list[Router] = [room_routes(room)]
        if hooks:
            self.routers.append(webhook_routes(WebhookDesk(hooks, self.desk, self._senders(), url, registry)))

    def _senders(self) -> Senders:
        try:
            return Senders.of_folder(self._folder)
        except OSError as error:
            raise SettingsError(f"UPSWELL_STATE_DIR: {self._folder} cannot be used ({error})") from None

    async def start(self) -> None:
        """To be awaited on the event loop of the server."""
        if self._gateway is not None:
            await self._gateway.start()

    async def stop(self) -> None:
        """What is on its way is brought to its end."""
        if self._gateway is not None:
            await self._gateway.stop()
