"""The adapters that `[[source]]` tables describe: a table with several servers, relays or feeds is as many adapters."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from pipeline.settings import Settings, SettingsError
from pipeline.settings.secrets import secret_of
from pipeline.sources.live.bluesky import Bluesky
from pipeline.sources.live.feeds import Feed
from pipeline.sources.live.imap import Imap
from pipeline.sources.live.maildir import Maildir
from pipeline.sources.live.mastodon import Mastodon
from pipeline.sources.live.model import Adapter
from pipeline.sources.live.nostr import Nostr
from pipeline.sources.live.websub import Subscriber
from pipeline.sources.live.x import X
from pipeline.sources.senders import Senders
from pipeline.text import EventMatcher, topics_of
from schemas import Post
from schemas.events import Event
from schemas.sources import (
    BlueskySource,
    FeedSource,
    ImapSource,
    MaildirSource,
    MastodonSource,
    NostrSource,
    Source,
)

Say = Callable[[str], None]


def adapters_of(
    settings: Settings,
    senders: Senders,
    say: Say = lambda _: None,
    environ: Mapping[str, str] = os.environ,
    subscriber: Subscriber | None = None,
) -> list[Adapter]:
    """An adapter for each connection that the settings describe; `subscriber`: by which hubs of feeds reach us; without
    one, as for a look, nobody hears them. Raises SettingsError."""
    if subscriber is None and settings.websub_url:
        subscriber = Subscriber(settings.websub_url)
    return [
        adapter
        for source in settings.sources
        for adapter in _Builder(settings, senders, say, environ, subscriber, source).build()
    ]


class _Builder:
    def __init__(
        self,
        settings: Settings,
        senders: Senders,
        say: Say,
        environ: Mapping[str, str],
        subscriber: Subscriber | None,
        source: Source,
    ) -> None:
        self._settings, self._senders, self._say, self._environ = settings, senders, say, environ
        self._subscriber, self._source = subscriber, source

    def build(self) -> list[Adapter]:
        """One adapter a server, relay or feed."""
        one, contact, age = self._source, self._settings.contact, self._source.max_age_s
        if isinstance(one, MastodonSource):
            token = self._secret(one.token)
            if token and len(one.servers) > 1:
                raise self._fault("a token is one server's: describe each server as a [[source]] of its own")
            tags = self._hashtags(one.hashtags)
            return [
                Mastodon(
                    name,
                    server,
                    tags,
                    token=token,
                    transport=one.transport,
                    every_s=one.every_s,
                    max_age_s=age,
                    contact=contact,
                    say=self._say,
                )
                for name, server in self._named(one.servers)
            ]
        if isinstance(one, BlueskySource):
            return [
                Bluesky(
                    one.name,
                    wanted=self._matching(one),
                    hosts=one.hosts,
                    protocol=one.protocol,
                    dids=one.dids,
                    max_age_s=age,
                    contact=contact,
                    say=self._say,
                )
            ]
        if isinstance(one, FeedSource):
            return [
                Feed(
                    name,
                    url,
                    every_s=one.every_s,
                    max_age_s=age,
                    contact=contact,
                    say=self._say,
                    subscriber=self._subscriber,
                )
                for name, url in self._named(one.urls)
            ]
        if isinstance(one, NostrSource):
            tags = self._hashtags(one.hashtags)
            return [Nostr(name, url, tags, max_age_s=age, contact=contact) for name, url in self._named(one.relays)]
        if isinstance(one, ImapSource):
            user, password = self._secret(one.user), self._secret(one.password)
            return [
                Imap(
                    one.name,
                    one.host,
                    user,
                    password,
                    self._senders,
                    port=one.port,
                    folder=one.folder,
                    tls=one.tls,
                    max_age_s=age,
                )
            ]
        if isinstance(one, MaildirSource):
            return [Maildir(one.name, one.path, self._senders, every_s=one.every_s, max_age_s=age)]
        rules = one.rules or tuple(f"#{tag.lstrip('#')} -is:retweet" for tag in self._hashtags(one.hashtags))
        return [X(one.name, self._secret(one.token), rules, api=one.api, max_age_s=age, contact=contact)]

    def _named(self, addresses: Sequence[str]) -> list[tuple[str, str]]:
        """A name for each connection: the table's, numbered where there are several."""
        if len(addresses) == 1:
            return [(self._source.name, addresses[0])]
        return [(f"{self._source.name}/{number}", address) for number, address in enumerate(addresses, 1)]

    def _hashtags(self, told: Sequence[str]) -> tuple[str, ...]:
        """The source's own hashtags, else those of all events."""
        found = told or tuple(dict.fromkeys(tag for event in self._settings.events for tag in event.hashtags))
        if not found:
            raise self._fault("name hashtags here, or describe an [[event]] with some")
        return tuple(found)

    def _matching(self, one: BlueskySource) -> Callable[[Post], bool]:
        """Whether a post is wanted: by the source's own hashtags and words, else by the events and watchlists, else
        always."""
        if one.hashtags or one.words:
            try:
                matcher = EventMatcher([Event(name=one.name, hashtags=one.hashtags, words=one.words)])
            except ValueError as error:
                raise self._fault(str(error).partition(": ")[2]) from None
        elif self._settings.events or self._settings.watchlists:
            matcher = EventMatcher(self._settings.events, self._settings.watchlists)
        else:
            return lambda _: True
        return lambda post: bool(matcher.match(post, topics_of(post)))

    def _secret(self, told: str) -> str:
        """`$NAME` is what the environment variable NAME holds."""
        return secret_of(told, self._environ, f"source ({self._source.name})")

    def _fault(self, message: str) -> SettingsError:
        return SettingsError(f"source ({self._source.name}): {message}")
