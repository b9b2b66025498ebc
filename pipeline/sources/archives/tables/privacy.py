"""Which columns of a table tell whether a post was for everybody: marks of privacy, and whom a message went to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.sources.archives.tables import cells
from pipeline.sources.archives.tables.names import (
    CHATS,
    GONE,
    GONE_AT,
    KINDS,
    LISTS,
    PASSWORDS,
    PROTECTED,
    PUBLIC,
    STATES,
    VISIBILITY,
    Places,
    of_words,
    plain,
)
from pipeline.sources.archives.tables.spoken import spoken_privacy

_OF_ANOTHER = re.compile(r"quot|retweet|repost|repl|parent|mention|latest|shared", re.IGNORECASE)
_RECIPIENT = re.compile(
    of_words("""
        recipient addressee dm_conversation destinatair destinatari empfänger empfaenger ontvanger odbiorc adresat
        mottaker mottagare modtager vastaanottaj címzett alıcı παραλήπτ получател адресат одержувач příjemc 收件人
        收信人 接收者 接收人 受信者 宛先 받는_사람 받는사람 수신자 수신인 المستلم נמען
    """)
)
_OF_DRUPAL = ("nid",)  # whose `status` is whether a page is published
_A_COUNT = re.compile(r"count|number|total|(?:^|_)(?:num|nb|no|n)(?:_|$)")
_OF_MAIL = (
    r"(?:_(?:name|names|nom|nombre|nome|naam|address|addresses|adresse|direccion|email|emails|mail|type|typ|line))?"
)
_TO = re.compile(f"(?:{of_words('to à an para aan naar do till til кому 至')}|x_to|b?cc|x_b?cc|cci|cco){_OF_MAIL}")
_SENT_TO = re.compile(r"(?:sent|send|delivered|envoye)_(?:to|a)")
_FROM = re.compile(  # beside which a column called `to` speaks of who got a message
    "(?:"
    + of_words("""
        from sender subject de von da van od från fra от objet betreff asunto oggetto assunto onderwerp temat ämne emne
        тема remitente expéditeur absender mittente remetente afzender nadawca отправитель 主题 件名 差出人 发件人 제목
        보낸_사람 보낸사람
    """)
    + f"){_OF_MAIL}"
)
# who is answered in public, but for tables in which each post names one and none has an address
_ANSWERED = re.compile(
    r"to_(?:user|person|account|screen_?name|username|id|handle)\w*|receiver\w*|target_(?:user|id)\w*"
)
# of Telegram, which nobody else can find; the ids of channels and large groups begin with -100
_SMALL_GROUP = re.compile(r"-(?!100)\d{1,13}", re.ASCII)


@dataclass(frozen=True)
class Privacy:
    """Where a table tells of its rows that not everybody may see them."""

    protected: Sequence[int] = ()  # of accounts, or posts, that are not public
    public: Sequence[int] = ()  # whether a post is for everybody
    visibility: Sequence[int] = ()  # to whom each post was
    kinds: Sequence[int] = ()  # what each post is, and so of messages to somebody
    recipients: Sequence[int] = ()  # to whom alone a message went, or the password it is read with
    lists: Sequence[int] = ()  # the lists or news groups that sent it to everybody
    chats: Sequence[int] = ()  # ids of chats of Telegram, that of a small group among them

    def hides(self, row: Sequence[str]) -> bool:
        """Whether the row says that not everybody may see the post."""
        return (
            any(cells.is_yes(row[at]) for at in self.protected)
            or any(cells.is_no(row[at]) for at in self.public)
            or any(cells.is_private(row[at]) for at in self.visibility)
            or any(cells.is_message(row[at]) for at in self.kinds)
            or any(_SMALL_GROUP.fullmatch(row[at].strip()) for at in self.chats)
            or (
                any(cells.is_somebody(row[at]) for at in self.recipients)
                and all(cells.is_nothing(row[at]) for at in self.lists)
            )
        )

    def told(self, names: Sequence[str]) -> list[str]:
        """For people: the columns that hide posts."""
        places = (*self.protected, *self.public, *self.visibility, *self.recipients)
        return [f"hidden by={names[at]}" for at in dict.fromkeys(places)]


FOR_EVERYBODY = Privacy()  # as nothing tells otherwise


def privacy_of(
    names: Sequence[str], places: Places, rows: Sequence[Sequence[str]], network: str | None, *, has_address: bool
) -> Privacy:
    """Where a table with these names and first rows tells who may see its posts.

    In tables of tweets, who is spoken `to` is answered in public; so is one in a table whose posts each have an
    address, if the column could mean that.
    """
    protected, public, visibility, states, kinds, lists = (
        list(dict.fromkeys(places.all_of(titles))) for titles in (PROTECTED, PUBLIC, VISIBILITY, STATES, KINDS, LISTS)
    )
    inner = Places(["" if _OF_ANOTHER.search(title) else _last(title) for title in names])
    protected += inner.all_of(PROTECTED)
    visibility += [at for at in states if not any(any(map(str.isdigit, row[at])) for row in rows)]
    for at, title in enumerate(names):
        if not _OF_ANOTHER.search(title) and (kind := spoken_privacy(title)):
            (protected if kind == "protected" else public).append(at)
    recipients = [*_recipients(names, rows, network, has_address=has_address), *places.all_of(PASSWORDS)]
    if any(True for _ in places.all_of(_OF_DRUPAL)):
        public += places.all_of(("status",))
    protected, public = (list(dict.fromkeys(found)) for found in (protected, public))
    return Privacy(protected, public, visibility, kinds, recipients, lists, list(dict.fromkeys(places.all_of(CHATS))))


def gone(places: Places, rows: Sequence[Sequence[str]]) -> list[int]:
    """The columns that tell which posts were taken away: by yes or no, or by the moment."""
    marks = [at for at in places.all_of(GONE) if all(map(_is_answer, cells.column(rows, at)))]
    return list(dict.fromkeys((*marks, *places.all_of(GONE_AT))))


def _is_answer(cell: str) -> bool:
    return cells.is_yes(cell) or cells.is_no(cell)


def recipients_tell(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str | None:
    """The name of a column that tells for every row to whom alone it went; None where none does."""
    for at in _recipients(names, rows, None, has_address=False):
        if _names_all(rows, at):
            return names[at]
    return None


def _recipients(
    names: Sequence[str], rows: Sequence[Sequence[str]], network: str | None, *, has_address: bool
) -> Iterator[int]:
    plains = [plain(_last(title)) for title in names]
    is_mail = any(map(_FROM.fullmatch, plains))
    for at, name in enumerate(plains):
        if _OF_ANOTHER.search(names[at]) or _A_COUNT.search(name):
            continue
        if (
            _RECIPIENT.search(plain(names[at]))  # also of an object, as in `recipient.username`
            or (network != "twitter" and (_SENT_TO.fullmatch(name) or (is_mail and _TO.fullmatch(name))))
            or (network != "twitter" and not has_address and _ANSWERED.fullmatch(name) and _names_all(rows, at))
        ):
            yield at


def _names_all(rows: Sequence[Sequence[str]], at: int) -> bool:
    """Whether a column names somebody in every row."""
    return bool(rows) and all(cells.is_somebody(row[at]) for row in rows)


def _last(title: str) -> str:
    return title.rpartition(".")[2]
