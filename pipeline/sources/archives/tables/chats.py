"""Tables of messages that those in a chat alone can read, known by columns that tables of public posts do not have."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.sources.archives.batches import NoTableError
from pipeline.sources.archives.tables.names import Places, names_of, plain
from pipeline.sources.archives.tables.spoken import says_message, spoken

# of exports of iMessage, Snapchat, Signal, WhatsApp's database, WeChat, Intercom, Mattermost, Slack, Discord, Matrix
# and Instagram
_MARKS = (
    *("is_from_me", "from_me", "key_from_me", "chat_session", "chat_identifier", "chat_guid", "is_sender"),
    *("conversation_title", "edited_by_post_id", "client_msg_id", "thread_ts", "dm_conversation", "talker_id"),
    *("conversation_part_id", "delivered_as", "isunsent", "is_unsent", "author_discriminator", "author_global_name"),
    *("origin_server_ts", "is_sent_by_viewer", "key_remote_jid", "remote_jid", "chat_jid"),
)
_TOGETHER = (  # of Intercom and its like, Facebook and Instagram
    ("conversation_id", "author_type"),
    ("conversation_id", "message_type"),
    ("chat_id", "created_date_time"),  # of Teams
    ("sender_name", "timestamp_ms"),
    ("group_id", "sender_id"),  # of GroupMe
    ("server_id", "channel_id"),  # of Guilded
    ("guild_id", "channel_id"),  # of Discord
    ("guild", "channel"),
    ("guild_name", "channel_name"),
    ("channel_id", "create_at"),  # of Mattermost
    ("thread_id", "item_type"),  # of Instagram
    ("room_id", "person_id"),  # of Webex
    ("room_id", "person_email"),
    ("chat_id", "account_id"),  # of Pleroma
    ("sender_did", "sent_at"),  # of Bluesky
    ("conversation", "sender"),
    ("from", "media_type"),  # of Snapchat
    ("emoji", "emoji_name"),  # of WhatsApp, as R reads it
)
_OF_POSTS = re.compile(r"retweet|repost|(?:like|view|quote)s?_?count", re.IGNORECASE)  # in names of columns
_PHONES = ("phone", "phone_number", "sender_phone", "sender_number")
_FORMS = ("email", "e_mail", "email_address", "mail_address", "adresse_e_mail", "requester_email", "sender_email")
_MESSAGES = ("message", "body", "content", "text")
_FEW = 8  # columns: what has more tells of a page or of a place, which may have a number to be called, too
_KAKAOTALK = ["Date", "User", "Message"]  # no more, no less: logs of public chats are named otherwise
_SENDERS = frozenset(names_of("sender sender_name from contact_name expéditeur absender remitente mittente remetente"))
_SENT = frozenset(names_of("message messages msg nachricht mensaje messaggio mensagem content text body"))
_BESIDE = frozenset(  # what chats alone have, too
    names_of("""
        date time datetime date_time timestamp day hour heure datum uhrzeit fecha hora data ora zeit media attachment
        attachments is_media media_file message_type
    """)
)
_PEOPLE = _SENDERS | frozenset(
    names_of("""
        author user username user_name name nick nickname participant member person contact speaker auteur utilisateur
        nom autor benutzer benutzername nutzer usuario nombre autore utente nome gebruiker naam автор пользователь имя
    """)
)
_MESSAGE = frozenset(
    names_of("""
        message messages msg nachricht nachrichten mensaje mensajes messaggio mensagem bericht meddelande besked melding
        viesti wiadomość mesaj сообщение メッセージ 消息 메시지 رسالة
    """)
)
_KINDS = {"time": _BESIDE, "author": _PEOPLE, "text": _MESSAGE}
_NUMBER_OF_ROW = frozenset({"", "unnamed_0", "index", "row"})
_PHONE = re.compile(r"\+\d[\d ().\-\u2011\u202a\u202c\u00a0]{6,24}|[\d-]+@(?:s\.whatsapp\.net|[cg]\.us|lid)")
_ASIDES = re.compile(  # what WhatsApp writes in place of pictures, and where a chat begins
    r"\u200e?(?:<(?:Media omitted|Médias omis|Medien ausgeschlossen|Multimedia omitido|Media omessi|Media weggelaten"
    r"|Mídia oculta|Arquivo de mídia oculto|Без медиафайлов)>|(?:image|video|audio|sticker|GIF|document) omitted"
    r"|image absente|Bild weggelassen|imagen omitida|immagine omessa|afbeelding weggelaten|imagem ocultada"
    r"|Messages and calls are end-to-end encrypted\b.*)",
    re.DOTALL,
)
_STAMPS = ("ts", "message_ts")  # which Slack names messages by
_OF_SLACK = re.compile(r"\"?\d{10}\.\d{6}\"?", re.ASCII)


class ChatError(NoTableError):
    """A table holds what was not public."""


def chat_tells(
    names: Sequence[str], places: Places, rows: Sequence[Sequence[str]], author: int | None, text: int | None
) -> str | None:
    """Which columns tell that a table holds the messages of a chat, as part of a sentence; None where none does.

    `author` and `text` are those that would hold who wrote what.
    """
    found = _of_chats(names, places, rows) or _by_what_stands_there(rows, author, text)
    if not found:
        return None
    *others, last = (names[at] for at in found)
    return f"its columns {', '.join(others)} and {last} tell" if others else f"its column {last} tells"


def may_be_chat(names: Sequence[str]) -> str | None:
    """The names of a table that holds when somebody said what in a message and nothing else, as chats are written down,
    and only they; None for any other. It may also come from a place where everybody reads on."""
    plains = [name if name.startswith("@") else plain(name) for name in names]  # @timestamp is of logs
    told = [name for name in plains if name not in _NUMBER_OF_ROW]
    kinds = [{kind for kind, words in _KINDS.items() if name in words} or {_in_words(name)} for name in told]
    if set().union(*kinds) == _KINDS.keys():
        return ", ".join(name for name in names if plain(name) not in _NUMBER_OF_ROW)
    return None


def _in_words(name: str) -> str:
    """What a name in words of some language is to a chat."""
    field = "" if name.startswith("@") else spoken(name)
    return ("text" if says_message(name) else "") if field == "text" else field


def _of_chats(names: Sequence[str], places: Places, rows: Sequence[Sequence[str]]) -> list[int]:
    for at in places.all_of(_MARKS):
        return [at]
    are_posts = any(map(_OF_POSTS.search, names))
    for pair in _TOGETHER:
        if are_posts and pair[0] == "conversation_id":  # as Twitter calls a thread
            continue
        found = [at for name in pair for at in list(places.all_of([name]))[:1]]
        if len(found) == len(pair):
            return found
    if len(names) <= _FEW and any(True for _ in places.all_of(_MESSAGES)):
        for at in places.all_of(_PHONES):
            return [at]
        if any(True for _ in places.all_of(("subject", "objet", "betreff", "asunto"))):  # forms of a page, tickets
            for at in places.all_of(_FORMS):
                return [at]
    plains = list(map(plain, names))
    if not set(plains) - _SENDERS - _SENT - _BESIDE and _SENDERS & set(plains) and _SENT & set(plains):
        return list(range(len(names)))
    if [name.strip('\ufeff"') for name in names] == _KAKAOTALK:
        return list(range(len(names)))
    for at in places.all_of(_STAMPS):
        stamps = [row[at] for row in rows if row[at]]
        if stamps and all(map(_OF_SLACK.fullmatch, stamps)):
            return [at]
    for at in places.all_of(("role", "sender", "author_role")):
        if any(row[at] == "assistant" for row in rows):
            return [at]
    return []


def _by_what_stands_there(rows: Sequence[Sequence[str]], author: int | None, text: int | None) -> list[int]:
    """The column whose cells tell: people who are telephone numbers, or what programs of chats write in texts."""
    if author is not None and rows and all(_PHONE.fullmatch(row[author].strip()) for row in rows):
        return [author]
    if text is not None and any(_ASIDES.fullmatch(row[text].strip()) for row in rows):
        return [text]
    return []
