"""`upswell forget`: everything that somebody wrote is withdrawn, and taken out of what is kept beside Kafka."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import BrokersFlag, ConfigFlag, PartitionsFlag, kafka_faults, settings_in_force
from pipeline.cli.errors import CommandError, complain
from pipeline.clock import utc_ms

if TYPE_CHECKING:
    from pipeline.settings import Settings


def forget(
    author: Annotated[str, typer.Argument(metavar="AUTHOR", help="As posts name them; of sms and mail the address")],
    source: Annotated[str, typer.Option("--source", metavar="NAME", help="Of their posts: mastodon, sms, web, ...")],
    records: Annotated[
        list[Path] | None, typer.Option("--records", metavar="DIR", help="A folder of `upswell record`; repeatable")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="The folder of `upswell up --data`, which is its log")
    ] = None,
    walls: Annotated[
        Path | None, typer.Option("--walls", metavar="FILE", help="The file of `upswell serve --walls`")
    ] = None,
    brokers: BrokersFlag = None,
    partitions: PartitionsFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Withdraw all that an author wrote in a source, and clear it from archives and from what sources remember.

    Pages, walls and examples lose the posts within seconds; what is counted and closed stays counted, as numbers. Stop
    `upswell sources` and `upswell record` for it where they run: they hold what is to be cleared. Kafka itself keeps
    each record as long as its topic says. With --data no Kafka is asked, and what is named is cleared, --records too:
    stop `upswell up` for it; when it starts again, nothing of this author was ever said. The same again changes
    nothing.

    \b
    Examples:
      upswell forget ann@example.org --source mastodon --records archive/
      upswell forget '+33 6 12 34 56 42' --source sms
      upswell forget ann --source mastodon --data event/ --records archive/ --walls walls.db
    """
    from pipeline.kafka.producer import PostProducer
    from pipeline.sources.keeping import KeptLog
    from pipeline.sources.kept import FolderError
    from pipeline.sources.live.store import Store
    from pipeline.sources.recording import Recording
    from schemas import Post
    from schemas.topics import Topics

    settings = settings_in_force(config, partitions=partitions, kafka_brokers=brokers)
    known_as = _known_as(settings, author, source)
    now_ms = utc_ms()
    if data is None:
        with kafka_faults(), PostProducer(settings, say=complain) as producer:
            producer.push([Post("", known_as, "", now_ms, source, deleted=now_ms)])
        print(f"withdrawn: all of {source} by this author, up to now")
    folder = Path(settings.state_dir)
    try:
        if data is not None:
            with closing(KeptLog(data)) as log:
                print(f"cleared: {log.forget(source, known_as):,} posts in {data}")
        if (folder / "sources.db").exists():
            with closing(Store(folder)) as store:
                print(f"cleared: {store.forget(source, known_as):,} posts that sources remembered")
        if source == "web":
            from pipeline.web.room_pictures import ROOM_FOLDER, RoomPictures

            print(f"removed: {RoomPictures(folder / ROOM_FOLDER).forget(known_as):,} pictures sent from the room")
        for kept in records or ():
            with closing(Recording(kept, Topics(settings.kafka_prefix).posts)) as recording:
                print(f"cleared: {recording.forget(source, known_as):,} posts in {kept}")
        if walls is not None:
            print(f"cleared: {_cleared_of(walls, source, known_as):,} posts in {walls}")
    except FolderError as error:
        raise CommandError(f"{error}; then say it again") from None


def _cleared_of(walls: Path, source: str, author: str) -> int:
    from pipeline.moderation.log import LogError
    from pipeline.web.wall.store import PostStore

    if not walls.is_file():
        raise CommandError(f"{walls}: there is no such file of `upswell serve --walls`")
    try:
        with closing(PostStore(walls)) as store:
            return store.forget(source, author)
    except LogError as error:
        raise CommandError(str(error)) from None


def _known_as(settings: Settings, author: str, source: str) -> str:
    """The author as posts have it: of a telephone number or mail address the pseudonym."""
    from pipeline.sources.senders import FILE_NAME, Senders

    folder = Path(settings.state_dir)
    number = source == "sms" and not author.startswith("sms-")
    address = source == "mail" and not author.startswith("mail-")
    if not number and not address:
        return author.removeprefix("@") if source == "mastodon" else author
    if number and author.strip().startswith("0") and not author.strip().startswith("00"):
        complain("a number is known as its provider writes it, which is with its country for most: +33 6 ...")
    if not (folder / FILE_NAME).exists():
        raise CommandError(f"{folder} holds no key of pseudonyms; name the folder of the server by UPSWELL_STATE_DIR")
    senders = Senders.of_folder(folder)
    return (senders.phone(author) if number else senders.mail(author))[0]
