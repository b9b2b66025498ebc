"""Names of columns, as programs and people of several languages call them; written as `plain` makes them."""

from __future__ import annotations

import re
import unicodedata

_WORDS = re.compile(r"[^\w]+|_+")


def plain(title: str) -> str:
    """The name of a column without what differs from tool to tool: `Tweet Id`, `tweet.id` and `tweet-id` are one.

    >>> plain("Date de création")
    'date_de_creation'
    """
    bare = unicodedata.normalize("NFKD", title.strip().strip("\ufeff\"'").casefold())
    return _WORDS.sub("_", "".join(sign for sign in bare if not unicodedata.combining(sign))).strip("_")


def _names(words: str) -> tuple[str, ...]:
    return tuple(words.split())


KNOWN_COLUMNS: dict[str, tuple[str, ...]] = {  # by the field of a post that they are taken for
    "text": _names("""
        text full_text tweet tweet_text tweettext tweet_content tweet_full_text content message body post post_text
        texte originaltweet original_tweet rawcontent raw_content renderedcontent rendered_content status_text caption
        hit_sentence snippet opening_text selftext toot comment_text record_text textoriginal textdisplay cooked
        video_description post_message status_message
        texte_du_tweet texte_du_message contenu nachricht beitrag inhalt mensaje texto contenido testo messaggio
        contenuto mensagem conteudo fulltext desc txt comment title headline
    """),
    "time": _names("""
        time created_at createdat publishedat tweetcreatedts tweet_created_at tweet_created tweet_created_ts
        created_utc timestamp timestamp_ms datetime date_time published published_at pubdate pub_date
        publish_date publication_date post_date postdate posted_at posted_on post_time date_posted post_created
        tweet_date tweet_time tweetat tweet_timestamp created created_time creation_date create_time
        sn_created_time status_published timestamp_utc datetime_utc utc_time record_createdat createtimeiso createtime
        time_parsed
        date_de_publication date_publication date_de_creation date_creation date_du_tweet date_et_heure publie_le
        horodatage zeitstempel zeitpunkt erstellt_am erstellt veroffentlicht_am veroffentlicht datum_uhrzeit
        fecha_de_publicacion fecha_de_creacion fecha_hora fecha_y_hora publicado data_ora data_hora
        creation_time cdate date_utc date day datum fecha zeit time_ms alternate_date_format indexed data
    """),
    "author": _names("""
        author account_acct acct screen_name screenname user_screen_name from_user_name from_user author_username
        author_screen_name username user_username twitter_screen_name author_handle user_handle username_tweet
        usernametweet handle nick nickname user_name account account_name user tweeter poster creator influencer
        extra_author_attributes_short_name extra_author_attributes_name author_name author_id user_id userid
        author_id_str user_id_str from_user_id from_user_id_str external_author_id
        auteur utilisateur nom_d_utilisateur nom_utilisateur pseudo compte autor verfasser benutzername benutzer
        nutzername nutzer konto usuario nombre_de_usuario cuenta autore utente nome_utente
        sender_screen_name sender_username sender_id status_author did from by authordisplayname author_display_name
        owner_username ownerusername blog_name user_posted authormeta_name from_name
        channel_title channeltitle author_did page_name profile
        author_uniqueid post_owner_username post_owner_name uid name
    """),
    "id": _names("""
        id id_str tweet_id tweetid status_id tweet_id_str post_id message_id comment_id document_id resource_id item_id
        identifiant identifiant_du_tweet id_du_tweet id_tweet uri guid shortcode cid
    """),
    "source": _names("""
        platform network social_network page_type source_type content_source_name plateforme plattform plataforma reseau
        reseau_social red_social netzwerk source
    """),
    "lang": _names("lang language langue tweet_lang tweet_language lang_code language_guess sprache idioma lingua"),
    "repost_of": _names("""
        repost_of retweeted_id retweet_of retweet_id retweet_status_id retweeted_status_id retweeted_status_id_str
        referenced_tweets_retweeted_id retweetedtweet_id reblog_of
    """),
    "tags": _names("tags hashtags entities_hashtags hashtag hash_tags hashtag_names entities_str mots_diese"),
    "url": _names("url link permalink tweet_url status_url tweet_link permanent_url lien enlace"),
    "author_name": _names("author_name display_name displayname user_display_name full_name name"),
    "original": _names("retweet_text sourcetweet_text retweeted_status_text retweeted_text"),
}
OF_DAY = _names("time hour heure uhrzeit hora ora time_of_day post_time tweet_time created_time time_utc")
ZONES = _names("timezone time_zone tz utc_offset zone")
PROTECTED = _names(
    "protected user_protected author_protected is_protected account_protected local_only localonly friends_only"
)
VISIBILITY = _names("visibility status_visibility toot_visibility post_visibility privacy privacy_value privacystatus")
RECIPIENTS = _names("dm_conversation_id recipient_id recipient_screen_name recipientid")
VERSIONS = _names("edit_history_tweet_ids edit_tweet_ids edit_history")
REFERENCES = _names("sourcetweet_type referenced_tweets_type")
