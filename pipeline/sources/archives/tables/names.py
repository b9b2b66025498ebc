"""Names of columns, as programs and people of several languages call them; written as `plain` makes them."""

from __future__ import annotations

import functools
import re
import zoneinfo
from collections.abc import Iterator, Sequence

from pipeline.sources.archives.unaccented import unaccented

_WORDS = re.compile(r"[^\w]+|_+")


def plain(title: str) -> str:
    """The name of a column without what differs from tool to tool: `Tweet Id`, `tweet.id` and `tweet-id` are one.

    >>> plain("Date de création")
    'date_de_creation'
    """
    return _WORDS.sub("_", unaccented(title.strip().strip("\ufeff\"'"))).strip("_")


def without_aside(title: str) -> str:
    """The same without what stands in parentheses."""
    return plain(_ASIDE.sub("", title))


def names_of(words: str) -> tuple[str, ...]:
    """These words as names of columns."""
    return tuple(map(plain, words.split()))


def of_words(words: str) -> str:
    """A pattern of any of these words, as `plain` writes them."""
    return "|".join(map(re.escape, names_of(words)))


_PATH = re.compile(r"[./]")
_KIND = re.compile(r":[A-Za-z]+(?:\([^()]*\)|\[\])?$")  # text:string, as Neo4j and Avro's tools have it
_ASIDE = re.compile(r"[(（][^()（）]*[)）]")
_UNIT = re.compile(r"_(?:utc|gmt|ms)$")
_UTC = re.compile(r"(?:^|_)(?:utc|gmt)(?:_|$)")
# Date (EST), Time (UTC+02:00), Created [Europe/Paris]
_ZONE_ASIDE = re.compile(
    r"[(\[]\s*((?:UTC|GMT)?\s*[+-]\d{1,2}(?::?\d\d)?|UTC|GMT|[ECMP][SD]?T|(?:C|W|E)ES?T|A[EW][SD]T|[BIJKM]ST|MSK|MES?Z"
    r"|[A-Z]\w+/[\w/]+)\s*[)\]]",
    re.ASCII,
)
_PLACE_ASIDE = re.compile(r"[(\[（【]([^()\[\]（）【】]{3,40})[)\]）】]")
_AREAS = ("Africa", "America", "Asia", "Australia", "Europe")
_COUNTRIES = {
    **dict.fromkeys(("日本時間", "日本", "japan"), "Asia/Tokyo"),
    **dict.fromkeys(("北京时间", "北京時間", "中国时间", "beijing", "pekin", "china"), "Asia/Shanghai"),
    **dict.fromkeys(("한국시간", "한국", "korea"), "Asia/Seoul"),
    **dict.fromkeys(("brasilia", "brasília"), "America/Sao_Paulo"),
    **dict.fromkeys(("台北時間", "台灣時間"), "Asia/Taipei"),
    **dict.fromkeys(("по Москве", "московское время", "МСК", "Moskau", "Moscou"), "Europe/Moscow"),
    **dict.fromkeys(("Londres",), "Europe/London"),
    **dict.fromkeys(("Roma",), "Europe/Rome"),
    **dict.fromkeys(("Berlín", "Berlino"), "Europe/Berlin"),
    **dict.fromkeys(("peninsular",), "Europe/Madrid"),
}


def says_time_of_post(title: str) -> bool:
    """Whether a name that nobody knows seems to be that of the times of posts.

    >>> says_time_of_post("video_timestamp"), says_time_of_post("scraped_at_time"), says_time_of_post("user_created")
    (True, False, False)
    """
    name = plain(title)
    return _SAYS_TIME.search(name) is not None and _NOT_OF_POST.search(name) is None


def zone_in(title: str) -> str:
    """The zone or the offset that the name of a column with times tells; nothing where it tells none.

    >>> zone_in("Date (EST)"), zone_in("Created (UTC+2)"), zone_in("created_at_utc"), zone_in("Date (local)")
    ('EST', '+2', 'UTC', '')
    >>> zone_in("Date (heure de Paris)"), zone_in("Posted (New York time)"), zone_in("発言日時（日本時間）")
    ('Europe/Paris', 'America/New_York', 'Asia/Tokyo')
    """
    found = _ZONE_ASIDE.search(title)
    if found is None:
        return _of_place(title) or ("UTC" if _UTC.search(plain(title)) else "")
    return found[1].strip().removeprefix("GMT").removeprefix("UTC") or "UTC"


def _of_place(title: str) -> str:
    """The zone of a city or country that an aside in the name of a column tells."""
    aside = _PLACE_ASIDE.search(title)
    if aside is None:
        return ""
    told = f" {plain(aside[1])} ".replace("_", " ")
    return next((zone for place, zone in _zones_of_places().items() if f" {place} " in told), "")


@functools.cache
def _zones_of_places() -> dict[str, str]:
    zones = [zone for zone in sorted(zoneinfo.available_timezones()) if zone.split("/")[0] in _AREAS]
    cities = {plain(zone.rpartition("/")[2]).replace("_", " "): zone for zone in zones}
    return {**cities, **{plain(place).replace("_", " "): zone for place, zone in _COUNTRIES.items()}}


class Places:
    """Where the columns of a table stand, by their names."""

    def __init__(self, titles: Sequence[str]) -> None:
        self._exact: dict[str, int] = {}
        self._alike: dict[str, int] = {}  # by their letters alone, also without an aside or a unit behind
        for at, title in enumerate(titles):
            self._exact.setdefault(plain(title), at)
        for told in (plain, without_aside, lambda title: _UNIT.sub("", plain(title))):
            for at, title in enumerate(titles):
                self._alike.setdefault(_letters(told(title)), at)
        for at, title in enumerate(titles):
            self._alike.setdefault(_letters(plain(_KIND.sub("", title))), at)
            for word in title.split(" / "):  # in two languages
                self._alike.setdefault(_letters(plain(word)), at)
        paths = [_PATH.split(title, maxsplit=1) for title in titles]
        if len({path[0] for path in paths if path[0]}) == 1:  # all of one object, as in `data.id`, `data.text`
            for at, path in enumerate(paths):
                self._alike.setdefault(_letters(plain(path[-1])), at)

    def all_of(self, names: Sequence[str]) -> Iterator[int]:
        """Where these names stand, in their order; then where names stand that are alike.

        >>> list(Places(["Post date (UTC)", "CreatedTime", "date"]).all_of(["created_time", "post_date", "date"]))
        [2, 1, 0, 2]
        """
        yield from (self._exact[name] for name in names if name in self._exact)
        yield from (self._alike[name] for name in map(_letters, names) if name in self._alike)


def _letters(name: str) -> str:
    return name.replace("_", "")


KNOWN_COLUMNS: dict[str, tuple[str, ...]] = {  # by the field of a post that they are taken for
    "text": names_of("""
        text full_text tweet tweet_text tweettext tweet_content tweet_full_text content message body post post_text
        post_content postcontent
        texte originaltweet original_tweet rawcontent raw_content renderedcontent rendered_content status_text caption
        hit_sentence sound_bite_text snippet opening_text selftext toot comment_text record_text textoriginal
        textdisplay cooked
        video_description video_desc video_caption raw_text post_message status_message caption_text content_rendered
        texte_du_tweet texte_du_message contenu nachricht beitrag inhalt mensaje texto contenido testo messaggio
        contenuto mensagem conteudo fulltext desc txt comment share_commentary description mention
        texto_do_tweet texto_da_publicacao texto_da_mensagem publicacao corpo texto_del_tweet texto_de_la_publicacion
        publicacion contenido_del_tweet cuerpo testo_del_tweet testo_del_post testo_del_messaggio corpo_del_messaggio
        texte_du_commentaire texto_del_comentario texto_do_comentario kommentartext testo_del_commento
        live_chat_text texte_de_la_publication texte_publication corps contenu_du_message contenu_du_tweet publication
        tweettext beitragstext text_des_beitrags text_des_tweets tweet_inhalt nachrichtentext kommentar commentaire
        comentario commento inhoud tekst_van_bericht
        berichttekst tweettekst posttekst reactietekst posttext
        message_body message_text content_text content_body body_text post_body_text post_body mention_snippet
        mention_text
        text_body body_value pagetext contents
        tresc_wpisu tresc_posta inlagg inlaggstext tekst_innhold innhold indhold innlegg opslag
        opslagstekst teksti julkaisu
        κείμενο δημοσίευση текст_допису допис text_prispevku prispevek obsah szöveg bejegyzés tartalom continut
        mesaj_text
        טקסט תוכן पाठ संदेश noi_dung isi isi_tweet teks konten
        extrait auszug extracto estratto trecho
        metin tweet_metni içerik mesaj tekst bericht treść wpis innehåll meddelande текст сообщение пост содержание
        النص نص_التغريدة المحتوى الرسالة 本文 ツイート ツイート本文 ツイート内容 投稿本文 投稿内容 コメント
        メッセージ テキスト 内容 正文 文本 review review_text reviewtext review_body
        推文 推文内容 微博正文 帖子内容 评论内容 微博内容 내용 본문 텍스트 게시글
        게시물 댓글 메시지 트윗 mention_content mention_full_text detail original_text comment_body comment_content
        tweets clean_text cleaned_text text_clean clean_tweet cleaned_tweet
        title headline titre titel titulo titolo
    """),
    "time": names_of("""
        time created_at createdat publishedat tweetcreatedts tweet_created_at tweet_created tweet_created_ts
        created_utc published published_at first_published_at pubdate pub_date
        publish_date publication_date post_date postdate tweetdate post_timestamp
        posttimestamp posted_at posted_on post_time date_posted post_created
        tweet_date tweet_time tweetat tweet_timestamp created created_time creation_date create_time
        sn_created_time status_published timestamp_utc datetime_utc utc_time record_created_at
        record_createdat createtimeiso createtime
        time_parsed seendate
        timestamp timestamp_ms datetime date_time
        date_de_publication date_publication date_de_creation date_creation date_du_tweet date_et_heure publie_le
        horodatage zeitstempel zeitpunkt erstellt_am erstellt veroffentlicht_am veroffentlicht datum_uhrzeit
        data_de_publicacao data_da_publicacao data_de_criacao data_publicacao data_criacao data_e_hora
        data_e_hora_da_publicacao data_do_tweet data_de_postagem criado_em publicado_em
        data_di_pubblicazione data_pubblicazione data_di_creazione data_creazione data_e_ora pubblicato_il creato_il
        fecha_del_tweet fecha_publicacion fecha_creacion creado_el publicado_el fecha_y_hora_de_publicacion
        date_heure date_et_heure_de_publication date_du_message date_du_post cree_le date_de_creation_du_tweet
        veroffentlichungsdatum erstellungsdatum beitragsdatum datum_und_uhrzeit gepostet_am datum_zeit
        aangemaakt_op gepubliceerd_op publicatiedatum datum_en_tijd data_publikacji data_utworzenia
        fecha_de_publicacion fecha_de_creacion fecha_hora fecha_y_hora publicado data_ora data_hora
        creation_time dateline cdate date_utc date day datum fecha zeit alternate_date_format indexed indexed_at data
        published_date dato oprettet opprettet skapad publicerad paivamaara aika ημερομηνία datum_a_cas vytvoreno
        dátum létrehozva data_publicarii data_crearii תאריך तारीख दिनांक ngay ngay_dang thoi_gian tanggal
        waktu_posting posted
        ts unixtime unix_time unix_timestamp epoch timestamp_created unixreviewtime review_date
        posted_time comment_create_timestamp date_upload tarih zaman
        tijdstip дата дата_публикации التاريخ تاريخ_النشر الوقت
        投稿日時 日時 投稿日 投稿時刻 作成日時 作成日 公開日時 ツイート日時 日付 发布时间 发布日期 创建时间
        发表时间 发帖时间 时间 日期 작성일 작성일시 게시일 게시일시 등록일 날짜 at
    """),
    "author": names_of("""
        author_handle author_username author_screen_name author post_author tweet_author account_acct acct screen_name
        user_screen_name user_login author_login
        from_user_name from_user username user_username twitter_screen_name user_handle username_tweet
        usernametweet handle nick nickname user_name account account_name user tweeter poster creator influencer
        extra_author_attributes_short_name extra_author_attributes_name author_channel_id author_name author_id
        user_id
        author_id_str user_id_str from_user_id from_user_id_str external_author_id
        nome_de_usuario nome_do_usuario perfil conta arroba nombre_usuario usuario_de_twitter nombre_del_autor
        nome_autore nome_account autor_del_tweet nom_de_l_auteur nom_auteur nom_du_compte compte_twitter
        identifiant_auteur id_de_la_chaine id_del_canal id_do_canal kanal_id id_canale
        verfassername kontoname account_benutzername accountnaam naam_gebruiker nazwa_uzytkownika anvandarnamn
        auteur utilisateur nom_d_utilisateur nom_utilisateur pseudo compte autor verfasser benutzername benutzer
        nutzername nutzer konto usuario nombre_de_usuario cuenta autore utente nome_utente
        sender_screen_name sender_username sender_id sender_name sender sent_by
        status_author did from by authordisplayname author_display_name
        owner_username ownerusername ownername owner_name owner_display_name owner
        forfatter bruger brugernavn bruker brukernavn kayttaja kayttajanimi kirjoittaja χρήστης συντάκτης користувач
        uzivatel uzivatelske_jmeno szerző felhasználó felhasználónév utilizator משתמש שם_משתמש מחבר उपयोगकर्ता लेखक
        nguoi_dung tac_gia pengguna nama_pengguna penulis
        submitter_user submitter submitter_username submitted_by
        comment_author fid profile_handle
        commenter_name commenter_login author_hash user_hash hashed_user_id hashed_userid user_id_hash
        pseudonym poster_name post_username poster_id posted_by
        creator_username creator_name created_by created_by_username poster_username member_username
        account_username profile_username from_username from_id
        blog_name user_posted authormeta_name from_name
        channel_title channeltitle channel_name channel_username author_did
        page_name profile profile_name sender_chat_username
        from_user_username chat_username sender_chat_title chat_title channel канал kanal canal chaine
        author_uniqueid post_owner_username post_owner_name uid channel_id reviewer_display_name reviewer_name
        reviewer pinner_username name
        display_name
        kullanıcı kullanıcı_adı yazar gebruiker gebruikersnaam użytkownik användare författare автор пользователь
        имя_пользователя المستخدم اسم_المستخدم الكاتب الحساب ユーザー名 ユーザー ユーザーid 投稿者 投稿者名
        アカウント名 アカウント スクリーンネーム
        用户 用户名 用户昵称 作者 发布者 博主 昵称
        작성자 사용자 사용자명 아이디 닉네임 publisher media_name outlet author_steamid reviewerid
    """),
    "id": names_of("""
        id_str tweet_id_str message_id id tweet_id tweetid twitter_id status_id comment_id post_id
        document_id resource_id item_id
        identifiant identifiant_du_tweet id_du_tweet id_tweet id_do_tweet id_da_publicacao id_del_tweet
        id_de_la_publicacion id_del_post tweet_kennung beitrags_id nachrichten_id ツイートid 投稿id 推文id
        微博id uri guid shortcode cid aweme_id hash
    """),
    "source": names_of("""
        platform network source_platform social_network page_type source_type content_source_name plateforme plattform
        plataforma reseau
        reseau_social red_social netzwerk источник площадка source
    """),
    "lang": names_of("lang language langue tweet_lang tweet_language lang_code language_guess sprache idioma lingua"),
    "repost_of": names_of("""
        repost_of retweeted_id retweet_of retweet_id retweet_status_id retweeted_status_id retweeted_status_id_str
        referenced_tweets_retweeted_id retweetedtweet_id reblog_of retweet_tweetid retweet_or_quote_id
    """),
    "tags": names_of(
        "tags hashtags entities_hashtags hashtag hash_tags hashtag_names tag_list entities_str mots_diese"
    ),
    "url": names_of("""
        url tweet_website link permalink tweet_url status_url post_url tweet_link post_link tweet_permalink
        permanent_url ссылка lien enlace twitter_url article_url mention_url mention_link
    """),
    "author_name": names_of("author_name display_name displayname user_display_name full_name name"),
    "original": names_of("retweet_text sourcetweet_text retweeted_status_text retweeted_text"),
}
NUMBERS = names_of("""
    author_id author_id_str user_id user_id_str userid from_user_id from_user_id_str user_id_number
""")  # of people whose names stand in another column
URIS = names_of("uri status_uri toot_uri")
HOMES = names_of("account_uri account_url author_url account_link")
SERVERS = names_of("""
    instance instance_domain instance_url instance_name instance_host home_instance server_domain server_url
    mastodon_instance mastodon_server server
""")  # of the fediverse, where they are hosts
PLACES = names_of("""
    owner_id wall_id channel_id channel_username channel_name channel chat_id chat_username chat chat_title group_id
    group_name group page_id page_name board site forum community subreddit blog_name
""")  # each of which may number its posts from 1 on
PAGES = names_of("""
    author_web_page_url author_url author_link author_page author_profile_url profile_url user_url user_profile_url
    account_url account_link
""")  # of authors, which tell who of one name it is
NICKNAMES = names_of("username handle screen_name nickname nick login ник никнейм логин pseudo ニックネーム ユーザーid")
TITLED = names_of(
    "selftext description content post_content body post_body content_rendered review_text reviewtext review_body"
    " message_body content_text content_body body_text body_value pagetext desc"
)  # texts below a title of their own
TITLES = names_of("title subject post_title headline title_rendered")
_SAYS_TIME = re.compile(r"time|date|posted|publish|creat|taken")  # in the name of a column that nobody knows
_NOT_OF_POST = re.compile(
    r"scrap|crawl|collect|retriev|fetch|import|export|updat|edit|modif|join|user|author|account|profile|channel|owner"
    r"|page|last|latest|first|retweet|quot|repl|parent|birth|expir|start|end|dura|zone|index|query|search|added|thread"
)
WHOLE_TEXTS = names_of("full_text orig_tweet tweet_full_text")  # beside texts that may be cut
OF_DAY = names_of("""
    time hour heure uhrzeit hora ora saat tijd tid klokkeslæt klokkeslett kellonaika godzina čas idő ώρα час gio waktu
    jam שעה समय время الوقت 時刻 시간
    time_of_day post_time tweet_time created_time time_utc
""")
HOURS = names_of("""
    hour hours hr heure stunde hora ora uur godzina saat час ώρα timme hodina hour_of_day hour_utc post_hour
    tweet_hour created_hour 時 时 시
""")  # which may be a number up to 23
MINUTES = names_of("minute minutes min minuut minuto minuta dakika минута 分 분 post_minute created_minute")
SECONDS = names_of("second seconds sec secondes sekunde segundo secondo seconde sekunda saniye секунда 秒 초")
DATES = tuple(
    names_of(words)
    for words in (
        "year année jahr año anio ano anno jaar rok yıl год έτος år vuosi an 年 연 년 post_year created_year"
        " tweet_year",
        "month mois monat mes mês mese maand miesiąc ay месяц μήνας måned månad kuukausi měsíc luna 月 월 post_month"
        " created_month tweet_month",
        "day jour tag día dia giorno dag dzień gün день ημέρα päivä den ziua 日 일 day_of_month post_day created_day"
        " tweet_day",
    )
)  # of years, months and days
_OF_WATCHERS = frozenset(
    names_of("""
        sentiment tone tonality тональность sentimiento stimmung tonalité tonalidad reach potential_reach impressions
        influence_score airline_sentiment
    """)
)


def are_labels(plains: Sequence[str], at: int, found: Sequence[str]) -> bool:
    """Whether a column of tags holds what somebody who watches a brand put on the posts, and no hashtags.

    >>> are_labels(["text", "sentiment", "tags"], 2, ["work"]), are_labels(["text", "tags"], 1, ["harbour"])
    (True, False)
    """
    is_beside = plains[at] in ("tags", "tag", "labels") and not _OF_WATCHERS.isdisjoint(plains)
    return is_beside and not any("#" in cell for cell in found)


ZONES = names_of("timezone time_zone tz utc_offset zone")
PROTECTED = names_of("""
    draft unpublished is_hidden hidden hide_sitewide invisible item_private group_privacy group_type
    group_visibility community_visibility channel_privacy channel_visibility postacl_islegacyacl
    protected user_protected author_protected is_protected account_protected local_only localonly friends_only
    private_item secret followers_only subscribers_only members_only patrons_only paid_only only_me close_friends
    is_followers_only is_subscribers_only is_members_only is_friends_only is_close_friends
    is_private private private_account user_is_private author_is_private owner_is_private account_is_private
    user_private author_private owner_private account_private is_draft protected_account protected_user
    confidential is_confidential is_internal account_type account_privacy profile_type
    is_direct_message is_dm is_direct direct_message is_private_message private_message
    protected_or_non_protected
        compte_prive compte_protege cuenta_privada cuenta_protegida conta_privada conta_protegida privates_konto
    geschutztes_konto geschutzt account_privato profilo_privato privado privada privat prive 非公開
""")
GONE = names_of("dead deleted is_deleted removed is_removed")
GONE_AT = names_of("deleted_at deleted_on deleted_date date_deleted removed_at")
PUBLIC = names_of(
    "comment_approved approved is_approved public is_public post_is_public status_is_public is_published"
    " post_is_published published post_visibility post_approved visible is_visible access_id"
)
VISIBILITY = names_of("""
    privacy_level privacy_setting privacy_settings audience_type visible_to postacl_visibletostandardacl_circles
    comment_approved moderation_status message_state visible invisible public_scope
    visibility status_visibility toot_visibility post_visibility privacy privacy_value privacystatus
    status_privacystatus privacy_label visibility_name chat_type conversation_type channel_type
    peer_type dialog_type privacy_view permissions_read
    görünürlük gizlilik widoczność prywatność видимость приватность видимість synlighet synlighed näkyvyys viditelnost
    láthatóság vizibilitate confidentialitate ορατότητα الخصوصية visibilitas privasi quyền_riêng_tư פרטיות
    public_private public_or_private
    visibilite confidentialite visibilidad privacidad visibilidade privacidade sichtbarkeit privatsphare visibilita
    zichtbaarheid 公開範囲 可见性 可见范围 공개범위 공개_범위
""")
STATES = names_of("""
    access access_level access_type scope security audience post_audience state post_state status post_status sharing
    archetype
""")  # which may be numbers of something else
KINDS = names_of("""
    type kind message_type msg_type post_type tweet_type content_type typ art tipo 種類 类型
    direction folder mailbox labels gmail_labels x_gmail_labels
""")
CHATS = names_of("chat_id")
PASSWORDS = names_of("post_password")  # which a post is read with
LISTS = names_of("list_id newsgroups newsgroup mailing_list mailinglist list list_name")
VERSIONS = names_of("edit_history_tweet_ids edit_tweet_ids edit_history")
INDEXED = names_of("indexed_at indexedat")  # of Bluesky's API
REFERENCES = names_of("sourcetweet_type referenced_tweets_type tweet_type")
