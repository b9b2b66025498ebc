"""What stands in the cells of tables: nothing in many words, lists of tags as programs print them, networks."""

from __future__ import annotations

import ast
import functools
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.sources.archives.unaccented import unaccented

_NOTHING = frozenset(
    {
        *("", "nan", "none", "na", "n/a", "<na>", "nat", "null", "nil", "[]", "{}", "()", "[null]", "undefined"),
        *("-", "--", "---", "–", "—", "n.a.", "n/d", "(null)", "(none)", "<null>", "\\n"),  # the last of MySQL and Hive
        *("#n/a", "#nv", "#name?", "#value!", "#ref!", "#null!", "#div/0!", "#num!"),  # of spreadsheets
    }
)


_YES = frozenset(
    unaccented("""
        true t yes y 1 1.0 x ✓ ✔ ☑ ✅ ○ 〇 ◯ vrai oui verdadero si sí wahr ja verdadeiro sim vero sì waar prawda tak
        doğru evet истина правда да так ano áno igen igaz da ναι kyllä on はい 是 真 예 네 참 نعم صحيح بله כן có ya
        protected private closed secret
    """).split()
)
_NO = frozenset(
    unaccented("""
        false f no n 0 0.0 ✗ ✘ × ☐ ❌
        faux non falso falsch nein não nao onwaar nee fałsz nie yanlış hayır ложь нет ні ne
        nem hamis nepravda nu όχι nej nei ei いいえ 否 假 아니오 아니요 거짓 لا خطأ خیر לא không tidak
    """).split()
)
_PRIVATE = frozenset(
    word
    for words in (
        "private direct followers followers_only specified limited mutuals_only self local_only friends all_friends",
        "friends_of_friends friends_only only_me custom connections draft queued trash pending scheduled unpublished",
        "spam rejected hold unapproved post_trashed moderated deleted trashed soft_deleted _1 _2",
        "premod withheld system_withheld held_for_review neighbors neighbours",
        "oneonone one_on_one personal personal_chat saved_messages user peeruser peerchat subscribers nobody contacts",
        "password auto_draft inherit future im mpim group group_dm private_channel usemask internal members paid",
        "restricted secret hidden 2 3 4 privé amis amis_uniquement amis_et_leurs_amis moi_uniquement abonnés",
        "abonnés_uniquement privado privada amigos solo_yo solo_amigos seguidores directo directa solo_seguidores",
        "somente_eu apenas_eu direto privat freunde nur_ich nur_freunde direkt nur_follower privato amici solo_io",
        "diretto privé_bericht vrienden alleen_ik 非公開 友達 自分のみ フォロワーのみ フォロワー限定 ダイレクト 私密",
        "仅自己可见 好友圈 비공개 친구만 나만_보기",
    )  # 2 to 4: as Mastodon's database has them
    for word in unaccented(words).split()
)
# whatever the words around it are: followers only, uniquement mes abonnés, nur Freunde, フォロワーのみ
_RESTRICTING = unaccented("""
    only uniquement uniqument seulement solo_ solamente somente apenas alleen soltanto tylko kun_ endast только лишь
    のみ 限定 仅 僅 만공개 만_공개 sadece yalnız gizli özel prywat приват лише тільки vain_ yksityi pouze soukrom csak
    doar_ numai μόνο ιδιωτ فقط خاص hanya pribadi chỉ_ riêng רק_ פרטי acct: freund friend circle 친구 팔로워
""")
_RESTRICTED = re.compile(
    "|".join(map(re.escape, _RESTRICTING.split()))
    + r"|\bnur_|group:(?!__world__)|(?<!not_)(?<!non_)(?<!no_)(?<!un)priva"
)
_MESSAGES = frozenset(
    {
        *("direct_message", "direct_messages", "private_message", "private_messages", "dm", "dms", "pm"),
        *(
            "message_prive",
            "mensaje_directo",
            "mensaje_privado",
            "mensagem_direta",
            "direktnachricht",
            "privatnachricht",
        ),
        *("messaggio_privato", "messaggio_diretto", "ダイレクトメッセージ", "私信"),
        *("inbox", "sent", "sent_items", "outbox", "incoming", "outgoing", "received", "sms", "mms", "imessage"),
    }
)
# Twitter DM
_OF_A_NETWORK = re.compile(r"_(?:dms?|(?:direct|private)_messages?|messenger)(?:_(?:received|sent))?\Z")
_GROUPED = re.compile(r"\d{1,3}(?:([,.' \u00a0\u202f])\d{3})(?:\1\d{3}){1,5}", re.ASCII)
_ID = re.compile(r"\d{1,20}", re.ASCII)
_LANGUAGES = {
    name: code
    for code, names in {
        "ar": "arabic العربية",
        "bn": "bengali",
        "ca": "catalan català",
        "cs": "czech čeština",
        "da": "danish dansk",
        "de": "german deutsch",
        "el": "greek ελληνικά",
        "en": "english",
        "es": "spanish español castellano",
        "fa": "persian farsi فارسی",
        "fi": "finnish suomi",
        "fr": "french français",
        "he": "hebrew עברית",
        "hi": "hindi हिन्दी",
        "hu": "hungarian magyar",
        "id": "indonesian",
        "it": "italian italiano",
        "ja": "japanese 日本語",
        "ko": "korean 한국어",
        "nl": "dutch nederlands",
        "no": "norwegian norsk",
        "pl": "polish polski",
        "pt": "portuguese português",
        "ro": "romanian română",
        "ru": "russian русский",
        "sv": "swedish svenska",
        "ta": "tamil",
        "th": "thai ไทย",
        "tr": "turkish türkçe",
        "uk": "ukrainian українська",
        "ur": "urdu",
        "vi": "vietnamese",
        "zh": "chinese 中文",
    }.items()
    for name in names.split()
}
_OFTEN = 512  # characters of a cell that is remembered
_MAX_REPR = 65_536  # characters of a cell that are read as a list
_SPLIT = re.compile(r"[\s,;|،、，；]+|(?=[#＃])")
_QUOTES = "'\"“”„‘’«»"
# array(['a', 'b'], dtype=object), c("a", "b"), WrappedArray(a, b): what numpy, R and Spark print
_CALL = re.compile(
    r"(?:\w{1,64}\.)?(?:array|\w{0,64}Array\w{0,64}|Index|Series|Vector|c|[Ll]ist|(?:frozen)?[Ss]et|tuple|deque|character)\("
)
_OPTION = re.compile(r",\s*(?:dtype|name|maxlen)[=:]")
_NOTHING_BETWEEN = re.compile(r"(['\"])\s+['\"]")  # which Python would take for one text
_WORD = re.compile(r"[#＃$]?[^\W_][\w·\u200c\u200d]*|[#＃]?_+[\w·\u200c\u200d]+")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'")
_NAMED = re.compile(r"""\b(?<!_)(?:text|tag|name|hashtag)["']*\s*[:=]>?\s*["']*([^\s"',}\])]{1,256})""")
_TAG_KEYS = ("text", "tag", "name", "hashtag")
_CLIENT = re.compile(
    r"<a |\b(?:Twitter|Tweet\w*|Web (?:App|Client)|iPhone|iPad|Android|Hootsuite|Buffer|IFTTT|dlvr|SocialFlow)\b"
)
_NETWORKS = {
    **{
        name: name
        for name in (
            *("twitter", "mastodon", "bluesky", "facebook", "instagram", "reddit", "telegram", "threads", "tiktok"),
            *("youtube", "tumblr", "vk", "weibo", "linkedin", "pinterest", "twitch", "gab", "parler", "sms"),
        )
    },
    "x": "twitter",
    "twitter/x": "twitter",
    "x/twitter": "twitter",
    "x (twitter)": "twitter",
    "x (formerly twitter)": "twitter",
    "twitter.com": "twitter",
    "x.com": "twitter",
    **{
        f"{name}.com": name
        for name in ("facebook", "instagram", "reddit", "tiktok", "tumblr", "youtube", "vk", "weibo")
    },
    "threads.net": "threads",
    "threads.com": "threads",
    "linkedin.com": "linkedin",
    "gab.com": "gab",
}
# what of a network: Facebook Page, Instagram Business
_PART = re.compile(r" (?:pages?|business|company|channels?|public|profiles?|accounts?|posts?)\Z")


def is_nothing(cell: str) -> bool:
    """Whether a cell is empty, in whatever word a program has for it.

    >>> [is_nothing(cell) for cell in ("", "nan", "NULL", "[]", "none of it")]
    [True, True, True, True, False]
    """
    return cell.strip().casefold() in _NOTHING


def column(rows: Sequence[Sequence[str]], at: int) -> list[str]:
    """What stands in a column, without the cells that hold nothing."""
    return [row[at] for row in rows if at < len(row) and not is_nothing(row[at])]


def filled(cell: str) -> str:
    """The cell, or nothing where it holds a word for nothing."""
    cell = cell.strip()
    return "" if cell.casefold() in _NOTHING else cell


def is_yes(cell: str) -> bool:
    """Whether a cell says yes, as programs and spreadsheets in several languages do.

    >>> [is_yes(cell) for cell in ("True", "1.0", "VRAI", "Sim", "はい", "x", "False", "0", "")]
    [True, True, True, True, True, True, False, False, False]
    """
    return unaccented(cell.strip()) in _YES


def is_no(cell: str) -> bool:
    """Whether a cell says no.

    >>> [is_no(cell) for cell in ("False", "0", "non", "HAYIR", "いいえ", "True", "")]
    [True, True, True, True, True, False, False]
    """
    return unaccented(cell.strip()) in _NO


def is_private(cell: str) -> bool:
    """Whether a cell says that a post was for some people only, as networks and people call it.

    >>> [is_private(cell) for cell in ("direct", "Followers-only", "mes abonnés uniquement", "oneOnOne")]
    [True, True, True, True]
    >>> [is_private(cell) for cell in ("public", "unlisted", "10 km", "not private", "supergroup")]
    [False, False, False, False, False]
    """
    words = _words(cell).removeprefix("chattype.")  # of Pyrogram
    if "circle_type_public" in words:  # of Google+
        return False
    return words in _PRIVATE or _RESTRICTED.search(words) is not None


def is_message(cell: str) -> bool:
    """Whether a cell that tells kinds of posts, or where one lies, tells that this was a message to somebody.

    >>> [is_message(cell) for cell in ("DM", "Direct Message", "Twitter DM", "Inbox,Unread", "tweet")]
    [True, True, True, True, False]
    """
    kinds = map(_words, cell.split(","))
    return any(kind in _MESSAGES or _OF_A_NETWORK.search(kind) for kind in kinds)


def is_somebody(cell: str) -> bool:
    """Whether a cell names to whom alone something went.

    >>> [is_somebody(cell) for cell in ("bob@example.org", "", "nan", "https://www.w3.org/ns/activitystreams#Public")]
    [True, False, False, False]
    """
    return not is_nothing(cell) and not cell.strip(" []\"'").endswith(("#Public", "as:Public"))


def _words(cell: str) -> str:
    return unaccented(cell.strip()).replace("-", "_").replace(" ", "_")


def ids(cell: str) -> list[str]:
    """The ids in a cell that holds a list of them.

    >>> ids("['17', '18']"), ids("[17, 18]"), ids("17"), ids("nan")
    (['17', '18'], ['17', '18'], ['17'], [])
    """
    return _ID.findall(filled(cell))


def network(cell: str) -> str | None:
    """The network that a cell names, the last one of a list.

    >>> network("Twitter"), network("X"), network('["SOCIALMEDIA","SOCIALMEDIA_X"]'), network("Twitter for iPhone")
    ('twitter', 'twitter', 'twitter', None)
    >>> network("FACEBOOK PAGE"), network("Instagram Business")
    ('facebook', 'instagram')
    """
    is_list = cell.startswith(("[", "SOCIALMEDIA,"))
    name = cell.strip().removesuffix("]").rpartition(",")[2].strip(" \"'[") if is_list else cell.strip()
    name = name.casefold().removeprefix("socialmedia_")
    return _NETWORKS.get(name) or _NETWORKS.get(_PART.sub("", name))


def is_client(cell: str) -> bool:
    """Whether a cell names a program that tweets are written with."""
    return network(cell) is None and _CLIENT.search(cell) is not None


def whole(cell: str) -> str:
    """An id without the point that a column with gaps in it has made of it, and what parts thousands.

    >>> whole("17.0"), whole("1.7"), whole("ana.0"), whole("1,820,408,223,000,120"), whole("1.7.3")
    ('17', '1.7', 'ana.0', '1820408223000120', '1.7.3')
    """
    if grouped := _GROUPED.fullmatch(cell):
        return cell.replace(grouped[1], "")
    return cell[:-2] if cell.endswith(".0") and cell[:-2].isdigit() else cell


def language(cell: str) -> str:
    """The code of a language that a table calls by its name, in English or by itself.

    >>> language("French"), language("français"), language("fr"), language("pt-BR")
    ('fr', 'fr', 'fr', 'pt-BR')
    """
    return _LANGUAGES.get(cell.strip().casefold(), cell)


def tags(cell: str) -> list[str]:
    """The hashtags and cashtags in a cell, each with its sigil: words, or a list as programs print it.

    What no network would take for a tag is none.

    >>> tags("harbour, #tide"), tags("[{'text': 'harbour', 'indices': [30, 38]}]"), tags("nan"), tags("[30, 38]")
    (['#harbour', '#tide'], ['#harbour'], [], [])
    """
    cell = filled(cell)
    if cell.casefold() in ("", "false", "true"):
        return []
    if cell.startswith('"[') and isinstance(inside := literal(cell), str):  # encoded twice
        cell = inside
    return list(_often(cell) if len(cell) <= _OFTEN else _tags(cell))


def _tags(cell: str) -> list[str]:
    found = _listed(cell)
    return [tag if tag[0] in "#$＃" else f"#{tag}" for tag in found if is_tag(tag)]


_often = functools.lru_cache(maxsize=4_096)(_tags)  # the same few lists stand in most rows


def _listed(cell: str) -> list[str]:
    """What stands in a cell that is words or a list."""
    called = _CALL.match(cell)
    if called is None and cell[0] not in "[{(":
        return [part.strip(_QUOTES) for part in _SPLIT.split(cell)]
    inside = _OPTION.split(cell[called.end() :].removesuffix(")"), maxsplit=1)[0].strip() if called else cell
    value = None if _NOTHING_BETWEEN.search(inside) else literal(inside)
    if isinstance(value, (list, tuple, set, dict)):
        return list(_names(value))
    inside = inside.replace('\\"', '"').replace('""', '"')  # quoted once too often
    if named := _NAMED.findall(inside):
        return named
    if quoted := _QUOTED.findall(inside):
        return [first or second for first, second in quoted]
    return [part.strip(_QUOTES) for part in _SPLIT.split(inside.strip("[](){}"))]


def is_tag(name: str) -> bool:
    """Whether a name, with or without its sigil, could be a tag: letters, digits and lines, not digits alone."""
    return (
        not is_nothing(name)
        and _WORD.fullmatch(name) is not None
        and not name.lstrip("#＃$").replace("_", "").isdigit()
        and any(letter.isalpha() for letter in name)
    )


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, (list, tuple, set)):
        for item in sorted(value, key=str) if isinstance(value, set) else value:
            yield from _names(item)
    elif isinstance(value, dict):
        for key in _TAG_KEYS:
            if isinstance(value.get(key), str):
                yield value[key].strip()
                return
        for key in ("hashtags", "tags", "entities"):
            if key in value:
                yield from _names(value[key])


def literal(cell: str) -> Any:
    """What a cell means as JSON or as a literal of Python; None for neither."""
    if len(cell) > _MAX_REPR:
        return None
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(cell)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
