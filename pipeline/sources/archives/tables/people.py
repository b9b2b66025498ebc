"""Who is named in a cell of a table: bare, in the object that a program printed, or by an address."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.sources.archives.tables.cells import filled, literal, whole
from pipeline.sources.archives.tables.names import of_words, plain

_NUMBER = re.compile(r"x?\d{1,20}", re.ASCII)
_PERSON_KEYS = ("username", "screen_name", "acct", "handle", "id_str", "id", "name")
_PROTECTED = re.compile(r"""["']?(?:protected|is_?private)["']?\s*[:=]\s*["']?(?:true|1\b)""", re.IGNORECASE)
_HOST = re.compile(r"https?://([^/?#]+)")
_NAMED_PERSON = re.compile(r"""[{(, ]["']?(?:username|screen_name)["']?\s*[:=]\s*["']([^"']{1,256})["']""")
_PAGE_OF_PERSON = re.compile(
    r"https?://(?:(?:www\.|mobile\.|m\.|old\.)?(?:(?:twitter|x|instagram)\.com/@?|bsky\.app/profile/|reddit\.com/u(?:ser)?/)"
    r"([\w.:-]{1,256})|([\w.-]{1,253})/(?:@|users/)([\w.@-]{1,256}))/?(?:\?\S*)?"
)
_POST_OF_PERSON = re.compile(
    r"https?://(?:(?:www\.|mobile\.|m\.)?(?:(?:twitter|x)\.com/(?!i/)(\w{1,64})/status(?:es)?/\d+|bsky\.app/profile/"
    r"([\w.:-]{1,256})/post/\w+|tiktok\.com/@([\w.-]{1,64})/(?:video|photo)/\d+)|([\w.-]{1,253})/@([\w.-]{1,256})/\d{6,20})"
    r"/?(?:[?#]\S*)?"
)


# the columns of tables in which each row is somebody, as Twitter tells of people, twarc and academictwitteR keep them
_OF_PEOPLE = frozenset(
    {
        *("id", "id_str", "user_id", "author_id", "username", "screen_name", "name", "location", "description", "url"),
        *("protected", "verified", "verified_type", "created_at", "profile_image_url", "profile_image_url_https"),
        *("profile_banner_url", "pinned_tweet_id", "pinned_tweet", "followers_count", "friends_count", "listed_count"),
        *("following_count", "favourites_count", "statuses_count", "tweet_count", "like_count", "media_count", "lang"),
        *("most_recent_tweet_id", "subscription_type", "default_profile", "default_profile_image", "time_zone"),
        *("utc_offset", "geo_enabled", "account_created_at", "is_identity_verified"),
    }
)
_SURELY = {"name", "followers_count", "public_metrics_followers_count", "profile_image_url", "protected", "location"}
_OBJECT_OF_PEOPLE = re.compile(r"(?:public_metrics|entities|withheld|profile|_twarc|pinned_tweet|affiliation)(?:_\w*)?")


def told_by(names: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[int, int] | None:
    """Where a table each row of which is somebody of Twitter holds their numbers and their names; None for others."""
    titles = [plain(name) for name in names]
    if any(title and title not in _OF_PEOPLE and not _OBJECT_OF_PEOPLE.fullmatch(title) for title in titles):
        return None
    number, name = (
        next((titles.index(title) for title in wanted if title in titles), None)
        for wanted in (("id_str", "id", "user_id", "author_id"), ("username", "screen_name"))
    )
    says_so = "description" not in titles or not _SURELY.isdisjoint(titles)
    if number is None or name is None or not says_so:
        return None
    return (number, name) if rows and all(_NUMBER.fullmatch(row[number].strip()) for row in rows) else None


# what tells of an account or a community, not of a post
_FOLLOWERS = re.compile(
    r"(?:followers?|subscribers?|participants?|members?|fans|friends|following)(?:_?counts?)?|(?:nombre_d_|anzahl_)?(?:"
    + of_words("""
        abonnés abonnements abonnenten seguidores suscriptores inscritos seguaci iscritti volgers abonnees takipçi
        takipçiler takipçi_sayısı obserwujący följare følgere seuraajat подписчики фоловери フォロワー フォロワー数
        粉丝 粉丝数 关注者 粉絲 粉絲數 追蹤者 팔로워 팔로워_수 متابعون المتابعون
    """)
    + ")"
)
_HAS_POSTS = re.compile(r"(?:posts?|notes?|statuse?s?|tweets?|videos?|media)_?counts?|posts|statuses|users_active_\w+")
_OF_A_POST = re.compile(
    r"(?:num_|n_)?(?:likes?|favou?rites?|retweets?|reposts?|comments?|views?|plays?|shares?|repl(?:y|ies)|reactions?"
    r"|engagements?|upvotes)(?:_?counts?)?|score|ups|"
    + of_words("""
        j_aime mentions_j_aime partages commentaires réponses vues lien gefällt_mir geteilt kommentare antworten aufrufe
        me_gusta compartidos comentarios respuestas enlace curtidas compartilhamentos comentários respostas mi_piace
        condivisioni commenti beğeni beğeniler yorumlar paylaşımlar polubienia komentarze udostępnienia лайки
        комментарии репосты просмотры いいね いいね数 リツイート
        リツイート数 点赞 点赞数 转发 转发数 评论 评论数 좋아요 공유 댓글
    """)
)
_OF_BLUESKY = (
    ("did", "handle"),
    ("displayname", "type", "description"),
)  # fields of its accounts, and of none of posts
_OF_POSTS_ALONE = frozenset({"user_posted", "date_posted", "post_id", "post_url", "tweet_id", "tweet_url", "status_id"})
_DESCRIPTIONS = frozenset({"description", "public_description", "about", "bio", "biography", "title", "headline"})
_OF_SOMEBODY = re.compile(
    r"(?:^|_|\.)(?:author|user|account|owner|channel|profile|from|poster|creator|page)\w*\.", re.IGNORECASE
)


def tells_accounts(names: Sequence[str], text: int) -> str | None:
    """The column that tells that a table describes accounts or communities, where its text is their description; None
    where it may hold posts."""
    if plain(names[text].rpartition(".")[2]) not in _DESCRIPTIONS:
        return None
    own = {plain(name.rpartition(".")[2]): name for name in names if not _OF_SOMEBODY.search(name)}
    # an actor of the fediverse has an id of its own, and so a description; so has who holds a repository of Bluesky
    followers = next((name for title, name in own.items() if title == "actor_id" or _FOLLOWERS.fullmatch(title)), None)
    if followers is None and own.keys().isdisjoint(("author", "user", "username")):
        followers = next((own[least] for least, *more in _OF_BLUESKY if own.keys() >= {least, *more}), None)
    is_of_posts = any(map(_OF_A_POST.fullmatch, own)) and not any(map(_HAS_POSTS.fullmatch, own))
    return None if is_of_posts or not _OF_POSTS_ALONE.isdisjoint(own) else followers


def person(cell: str) -> str:
    """The name of an account: bare, with its `@`, in an object as printed, or in the address of its page or a post.

    >>> person("@ana"), person("{'username': 'ana', 'id': 7}"), person("User(id=7, username='ana')"), person("nan")
    ('ana', 'ana', 'ana', '')
    >>> person("https://twitter.com/ana"), person("https://social.example/@ana"), person("https://ana.example/")
    ('ana', 'ana@social.example', 'https://ana.example/')
    """
    cell = filled(cell)
    if (page := _PAGE_OF_PERSON.fullmatch(cell)) is not None:
        return page[1] or (f"{page[3]}@{page[2]}" if "@" not in page[3] else page[3])
    if cell.startswith("http") and (name := writer(cell)):
        return name
    if cell[:1] == "{" or cell.startswith("User("):
        value = literal(cell)
        if isinstance(value, dict) and value.get("acct"):
            return _of_server(str(value["acct"]), str(value.get("url") or value.get("uri") or ""))
        if isinstance(value, dict):
            cell = next((str(value[key]) for key in _PERSON_KEYS if value.get(key)), "")
        elif named := _NAMED_PERSON.search(cell):
            cell = named[1]
    return whole(cell.removeprefix("@"))


def is_protected(cell: str) -> bool:
    """Whether an author, in an object as printed, is told to be read by some people only.

    >>> is_protected("{'screen_name': 'ana', 'protected': True}"), is_protected("User(username='bo', protected=False)")
    (True, False)
    """
    return cell[:1] in ("{", "U") and _PROTECTED.search(cell) is not None


def _of_server(name: str, page: str) -> str:
    """An account of the fediverse by its name and the address of its page, which tells the host where the name does
    not."""
    host = _HOST.match(page)
    return f"{name}@{host[1]}" if host and "@" not in name else name


def by_address(cell: str) -> str:
    """Whose page or post stands at an address, where that tells it; else nothing."""
    address = cell.strip()
    return person(address) if _PAGE_OF_PERSON.fullmatch(address) else writer(address)


def writer(address: str) -> str:
    """Whose post stands at an address, where that tells it; else nothing.

    >>> writer("https://twitter.com/ana/status/17"), writer("https://social.example/@ana/112365000000")
    ('ana', 'ana@social.example')
    >>> writer("https://twitter.com/i/status/17")
    ''
    """
    found = _POST_OF_PERSON.fullmatch(address.strip())
    if found is None:
        return ""
    return f"{found[5]}@{found[4]}" if found[5] else found[1] or found[2] or found[3]
