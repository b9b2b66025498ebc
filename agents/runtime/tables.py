"""Faust's tables, which are all known when the app starts: Faust waits a second for more."""

from __future__ import annotations

from faust.tables.manager import TableManager


class Tables(TableManager):
    """Begins to recover at once."""

    async def on_start(self) -> None:
        await self._update_channels()
        await self.recovery.start()
