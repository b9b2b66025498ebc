"""Which sources and languages have lists of their own: a rule about one name, so that nobody makes any by inventing."""

from __future__ import annotations

import re
from functools import lru_cache

OTHER = "other"

# kinds of channels, networks, and what exports and tools call them
_KNOWN = """
    activitypub akkoma app atproto blog blogs bluesky bsky bsky.app bsky.social calckey chat diaspora discord email
    facebook fb fediverse feed firefish flickr form forum forums friendica gab github gotosocial hackernews hometown
    iceshrimp inoreader instagram irc kik lemmy line linkedin mail mastodon matrix mbin medium messenger misskey mms
    myspace news nostr other parler peertube phone pinterest pixelfed pleroma plurk podcast press print qq quora
    radio reddit reels rss sharkey signal site skype slack sms snapchat stackoverflow substack survey talkwalker
    teams telegram threads tiktok tumblr tv tweet tweets twitch twitter twitter.com viber vimeo vk vkontakte voice
    voicemail web website wechat weibo whatsapp x x.com xing youtube zulip
"""
# ISO 639-1 with its old codes, and codes of three letters that networks offer or that many people speak
_CODES = """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el
    en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io is it
    iu iw ja ji jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo
    mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh
    si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh
    yi yo za zh zu arz ast bal bar bho bik ceb ckb cnr csb dag fil fon frp fur gsw gcf gom grc hak haw hil hmn hne
    hsb dsb ilo jbo kab kmr kok kri lad ldn lfn lij lmo lus mai mag mfe mni min mos nah nan nap nds new nso pag pam
    pap pcd pcm pdc pms rcf rom sah sat scn sco skr sma smj smn sms srn szl tet tok tpi vai vec war wuu xal yue zba
    zgh zza
"""
# a host that is named after what runs there counts with it
_HOSTS = (
    (re.compile(r"(?:^|\.)bsky\.(?:app|social|network)$"), "bluesky"),
    (re.compile(r"mastodon"), "mastodon"),
    (re.compile(r"misskey"), "misskey"),
    (re.compile(r"pixelfed"), "pixelfed"),
    (re.compile(r"pleroma"), "pleroma"),
    (re.compile(r"peertube"), "peertube"),
    (re.compile(r"friendica"), "friendica"),
    (re.compile(r"lemmy"), "lemmy"),
)
_SOURCES = frozenset(_KNOWN.split())
LANGUAGES = frozenset(_CODES.split())


@lru_cache(maxsize=4_096)
def network_of(name: str, named: frozenset[str] = frozenset()) -> str:
    """The source that posts of a source name count with: itself where it is known or `named`; a host named after its
    network with that; else `other`. '' stays.

    >>> network_of("sms"), network_of("mastodon.example"), network_of("zork"), network_of("zork", frozenset({"zork"}))
    ('sms', 'mastodon', 'other', 'zork')
    """
    if not name or name in _SOURCES or name in named:
        return name
    return next((network for pattern, network in _HOSTS if pattern.search(name)), OTHER)
