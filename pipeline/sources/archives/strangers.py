"""Files that hold no posts which could be read, known by how they begin: what they are, and what to do."""

from __future__ import annotations

import re

_DUMP = "a dump of a database: write its table of posts as CSV"
_PICKLE = "a Python pickle: write it as JSON lines"
_MAGIC = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (save its table as CSV, UTF-8) or a mail of Outlook (as .eml)"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it first (7z x)"),
    (b"Rar!", "a RAR archive: unpack it first (unrar x)"),
    (b"\x1f\x9d", "packed with compress: unpack it first (uncompress)"),
    (b"\x5d\0\0", "packed with lzma of old: unpack it first (xz -d)"),
    (b"\x78\x9c", "packed with zlib: unpack it first (zlib-flate -uncompress)"),
    (b"\x78\xda", "packed with zlib: unpack it first (zlib-flate -uncompress)"),
    (b"\xff\x06\0\0sNaPpY", "packed with Snappy: unpack it first (snzip -d)"),
    (b"bplist00", "a property list of Apple: write it as JSON (plutil -convert json)"),
    (b"\x04\x22\x4d\x18", "packed with lz4: unpack it first (lz4 -d)"),
    (b"PK\x05\x06", "a zip without files"),
    (b"PK\x07\x08", "a part of a zip that was split: put them together first (zip -s 0 all.zip --out one.zip)"),
    (b"FEA1", "a Feather file of old: write it as CSV or JSON lines"),
    (b"\x89HDF", "an HDF5 file: write its table as CSV"),
    (b"RDX2\n", "a file of R's save(): write its table with write.csv"),
    (b"RDX3\n", "a file of R's save(): write its table with write.csv"),
    (b"X\n\0\0\0", "a file of R's saveRDS(): write its table with write.csv"),
    (b"$FL2", "a file of SPSS: save its table as CSV"),
    (b"<stata_dta>", "a file of Stata: write its table with export delimited"),
    (b"-- MySQL dump", _DUMP),
    (b"-- MariaDB dump", _DUMP),
    (b"/*M!999999", _DUMP),
    (b"--\n-- PostgreSQL database dump", _DUMP),
    (b"PGDMP", _DUMP),
    (b"Obj\x01", "an Avro file: write it as JSON lines"),
    (b"\0\1\0\0Standard ", "a database of Access: write its table as CSV"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"version https://git-lfs.github.com/", "a pointer of Git LFS, not the file: fetch that (git lfs pull)"),
    (b"/annex/objects/", "a pointer of git-annex, not the file: fetch that (git annex get)"),
    (b"\x80\x04\x95", _PICKLE),
    (b"\x80\x05\x95", _PICKLE),
    (b"\x80\x03", _PICKLE),
    (b"\x80\x02", _PICKLE),
    (b"\x93NUMPY", "a file of NumPy: write it as CSV or JSON lines"),
)
_LOOKED_AT = 65_536  # bytes; of a chat of many the first message may stand far from the beginning
_PRIVATE = "upswell counts what is public"
_SPACE = rb"(?:\s|\xe2\x80\xaf|\xc2\xa0)"
_DAY_OF_KOREA = r"\d{4}년 \d{1,2}월 \d{1,2}일[^\n\d]{0,16}\d{1,2}:\d\d".encode()
# digits of Arabic and Persian, between marks of their direction
_DAY_OF_ARABIA = rb"(?:[\xd9\xdb][\xa0-\xb9]|/|\xe2\x80\x8f){5,24}\xd8\x8c(?:\xe2\x80\x8f)? [^\n\[\]-]{4,40}"
_HALF_BEFORE = "(?:上午|下午|中午|凌晨|早上|晚上|午前|午後|오전|오후) ?".encode()  # of the day
_DAY = (
    rb"(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? (?:klo |"
    + _HALF_BEFORE
    + rb")?\d{1,2}[:.]\d\d(?:[:.]\d\d)?(?:"
    + _SPACE
    + rb"?[AaPp]\.?\s?[Mm]\.?)?|"
    + _DAY_OF_KOREA
    + rb"|"
    + _DAY_OF_ARABIA
    + rb")"
)
_NOTICES = rb"(?:" + _DAY + rb" [-\xe2][^\n]*\n){0,4}"  # which begin a chat
_PATTERNS = (
    (re.compile(rb"\0{512,}\Z"), "nothing but zeros: a tar without files, or one whose data was lost"),
    (
        re.compile(rb"\s*<!DOCTYPE html>.{0,4000}?<title>Exported Data</title>", re.DOTALL),
        "what Telegram exports as HTML: export it as JSON (machine-readable)",
    ),
    (
        re.compile(
            rb"(?:\s*<(?:!doctype|html|head|meta|body|style)\b.{0,4000}?)?\s*<table\b", re.DOTALL | re.IGNORECASE
        ),
        "a table as a web page, as programs save it for Excel: save it as CSV (UTF-8)",
    ),
    (re.compile(rb"\s*<(?:!doctype html|html|head|body)\b", re.IGNORECASE), "a web page, not an archive"),
    (
        re.compile(rb"\s*<\?xml[^>]*>\s*(?:<\?mso-application[^>]*>\s*)?<(?:ss:)?Workbook\b"),
        "a workbook of Excel 2003 as XML: save its table as CSV (UTF-8)",
    ),
    (
        re.compile(rb"\s*<\?xml[^>]*>\s*<office:document\b"),
        "a flat document of LibreOffice: save its table as .ods or as CSV (UTF-8)",
    ),
    (
        re.compile(
            rb"(?:\xe2\x80[\x8e\x8f])?"
            + _NOTICES
            + rb"(?:\["
            + _DAY
            + rb"\]|"
            + _DAY
            + rb" [-\xe2]\S{0,2}) [^:\n]{1,200}: ?(?!\{)\S"
        ),
        f"a chat of WhatsApp or its like, which those in it alone can read: {_PRIVATE}",
    ),
    (
        re.compile(rb'[^\0]*?"(?:is_still_participant"|sender_name"\s*:\s*"[^"\n]{0,400}",?\s*"timestamp_ms")\s*:'),
        f"messages of Facebook or Instagram, which those in them alone can read: {_PRIVATE}",
    ),
    (
        re.compile(rb'\s*[\[{].{0,4000}?"data"\s*:\s*\[\s*\{\s*"(?:post|update_timestamp)"\s*:', re.DOTALL),
        "what Facebook gives its users, where nothing tells who may see a post: it is not read",
    ),
    (
        re.compile(rb'\s*[\[{].{0,4000}?"uri"\s*:\s*"(?:media|photos)/.{0,4000}?"creation_timestamp"\s*:', re.DOTALL),
        "what Instagram gives its users, where nothing tells who may see a post: it is not read",
    ),
    (
        re.compile(
            rb'\s*(?:\{\s*"guild"\s*:\s*\{.{0,4000}?"channel"|[\[{].{0,4000}?"mention_everyone")\s*:', re.DOTALL
        ),
        f"a channel of Discord, which its members alone can read: {_PRIVATE}",
    ),
    (
        re.compile(rb"=+\r?\nGuild: [^\n]*\nChannel: "),
        f"a channel of Discord, which its members alone can read: {_PRIVATE}",
    ),
    (
        re.compile(rb"> [^\n]{1,200} \[[UWB]\w{1,20}\] @ \d[^\n]{4,40}:\r?\n"),
        f"a channel of Slack, which its members alone can read: {_PRIVATE}",
    ),
    (
        re.compile(rb"(?:\xef\xbb\xbf)?" + "消息记录".encode()),
        f"a chat of QQ, which those in it alone can read: {_PRIVATE}",
    ),
    (
        re.compile(rb'"?AuthorID"?,"?Author"?,"?Date"?,"?Content"?,'),
        f"a channel of Discord, which its members alone can read: {_PRIVATE}",
    ),
    (
        re.compile(rb'\s*\[\s*\{.{0,4000}?"(?:client_msg_id|source_team|user_team)"\s*:', re.DOTALL),
        f"a channel of Slack, which its members alone can read: {_PRIVATE}",
    ),
    (
        re.compile(rb"\s*window\.YTD\.(?!(?:tweets?|community_tweet)\.)\w+\.part\d+\s*="),
        "a part of what Twitter gives its users that holds no public posts by itself: tweets.js does, and is read with"
        " what stands beside it",
    ),
    (
        re.compile(rb'\s*(?:"?\w{1,32}"?\r?\n)?(?:"?\d{15,20}"?\r?\n){2,}'),
        "a list of ids of tweets: fetch the tweets first, as with twarc2 hydrate",
    ),
    (
        re.compile(rb'\s*\{\s*"text_post_app_\w{1,40}"\s*:'),
        "what Threads gives its users, where nothing tells who may see a post: it is not read",
    ),
    (
        re.compile(rb"..?\xa2(?:eroots|gversion)", re.DOTALL),
        "a repository of Bluesky (CAR): write its records as JSON first",
    ),
    (
        re.compile(rb"\xa2(?:at.#|bop.at)", re.DOTALL),
        "frames of Bluesky's firehose: decode them first, or record Jetstream",
    ),
    (
        re.compile(rb"\s*\[?(?:Status\(_api=|<Tweet id=|OrderedDict\(\[\(|[A-Z]\w{1,60}\([a-z_]\w{0,60}=)"),
        "objects as Python prints them: write what they hold with json.dumps",
    ),
    (
        re.compile(
            rb"\s*(?:--[^\n]*\n\s*)*(?:(?:CREATE TABLE|(?:INSERT|REPLACE) INTO|DROP TABLE|BEGIN TRANSACTION|SET \w+ ?="
            rb"|COPY \S+ (?:\([^)]*\) )?FROM stdin)\b|/\*!\d+ SET |PRAGMA \w+=)",
            re.IGNORECASE,
        ),
        _DUMP,
    ),
    (
        re.compile(rb'\s*\{.{0,4000}?"orderedItems"\s*:\s*\[\s*"https?://', re.DOTALL),
        "a list of addresses without the posts, as Mastodon exports bookmarks and likes: outbox.json holds posts",
    ),
    (
        re.compile(rb'\s*\[\s*\{\s*"ID"\s*:\s*"?\d+"?,\s*"Timestamp"\s*:[^\n]{0,100}?,\s*"Contents"\s*:'),
        f"messages that somebody has written on Discord, which its members alone can read: {_PRIVATE}",
    ),
    (
        re.compile(rb'\s*[\[{].{0,4000}?"type"\s*:\s*"m\.room\.', re.DOTALL),
        f"a room of Matrix, of which nothing tells who may read it: {_PRIVATE}",
    ),
    (
        re.compile(rb'\s*[\[{].{0,4000}?"(?:channelIdentity|chatId)"\s*:\s*["{]', re.DOTALL),
        f"messages of Teams, which its members alone can read: {_PRIVATE}",
    ),
    (
        re.compile(rb'\s*\{\s*"messages"\s*:\s*\[\s*\{\s*"creator"\s*:.{0,1000}?"user_type"\s*:', re.DOTALL),
        f"messages of Google Chat, which those in it alone can read: {_PRIVATE}",
    ),
    (
        re.compile(
            rb"(?:\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?(?:[+-]\d\d:?\d\d|Z)?\]? (?:<[^\s{>]{1,40}>|-!-)"
            rb" [^\n]*(?:\n|\Z)){2,}"
        ),
        "a log of a chat (IRC): write it as JSON lines with author, text and time",
    ),
    (
        re.compile(rb"(?:[A-Z][a-z]{2} \d\d, \d{4} {1,2}\d{1,2}:\d\d:\d\d [AP]M[^\n]*\n[^\n]+\n[^\n]+\n)"),
        f"messages of a phone (iMessage), which those in them alone can read: {_PRIVATE}",
    ),
    (
        re.compile(rb"\s*(?:\w+ ?<- ?)?structure\(list\("),
        "what R's dput() prints: write the table with write.csv",
    ),
    (
        re.compile(rb"(?:\s*%[^\n]*\n)*\s*@relation\s", re.IGNORECASE),
        "a table of Weka (ARFF): save it as CSV",
    ),
    (
        re.compile(rb"(?:---[^\n]*\n)?(?:\[?\d\d:\d\d(?::\d\d)?\]? (?:[<*]|-!-)[^\n]*(?:\n|\Z)){2,}"),
        "a log of a chat (IRC) that says times without days: write it as JSON lines with author, text and time",
    ),
    (
        re.compile(rb"\s*(?:---\s*\n)?- \"?\w+\"?: [^\n]*\n  \"?\w+\"?: "),
        "YAML: write it as JSON lines (yq -o json -I 0)",
    ),
    (
        re.compile(
            rb"\[LINE\] |Chat history with |\d{4}[./]\d\d[./]\d\d[^\n]{0,8}\n(?:\d\d?:\d\d\t[^\t\n]+\t[^\n]*\n)"
        ),
        f"a chat of LINE, which those in it alone can read: {_PRIVATE}",
    ),
    (
        re.compile(
            rb'\s*\{\s*"(?:Activity|Profile|Your Activity|Comment)"\s*:\s*\{'
            rb'.{0,60000}?"(?:Direct Messages?|CommentsList)"',
            re.DOTALL,
        ),
        "what TikTok gives its users, where nothing tells who may see a comment: it is not read",
    ),
    (
        re.compile(rb'\s*[\[{].{0,200}?"(?:string_map_data|media_list_data|comments_v2)"\s*:', re.DOTALL),
        "what Facebook and Instagram give their users, where nothing tells who may see it: it is not read",
    ),
    (
        re.compile(rb'\s*[\[{].{0,4000}?"ts"\s*:\s*"\d{10}\.\d{6}"', re.DOTALL),
        f"a channel of Slack, which its members alone can read: {_PRIVATE}",
    ),
    (
        re.compile(rb'\s*+\[?\s*+\{.{0,300}?"rid"\s*:\s*"\w+".{0,300}?"msg"\s*:', re.DOTALL),
        f"a channel of Rocket.Chat, which its members alone can read: {_PRIVATE}",
    ),
    (
        re.compile(
            rb'\s*\{\s*"type"\s*:\s*"version"\s*,\s*"version"\s*:\s*\d+.{0,300}?\}\s*\{\s*"type"\s*:', re.DOTALL
        ),
        f"an export of Mattermost, which its members alone can read: {_PRIVATE}",
    ),
    (
        re.compile(rb"\s*(?:<\?xml[^>]*>\s*(?:<!--.{0,1000}?-->\s*)*)?<(?:smses|calls)\b", re.DOTALL),
        f"messages of a phone, which those in them alone can read: {_PRIVATE}",
    ),
    (
        re.compile(
            rb'\s*\{.{0,4000}?(?:"(?:Received|Sent) Saved Chat History"'
            rb'|"MessageList"\s*:\s*\[|"IsSender"\s*:|"dataMessage"\s*:\s*\{|"chat_message"\s*:\s*\{)',
            re.DOTALL,
        ),
        f"messages of a chat (Skype, Snapchat, Signal or Hangouts), which those in it alone can read: {_PRIVATE}",
    ),
    (
        re.compile(
            rb"(?:\xef\xbb\xbf)?(?:[^\n]{0,200}"
            + "카카오톡 대화".encode()
            + rb"\r?\n|KakaoTalk Chats with |"
            + r"\d{4}(?:년|\.) ?\d{1,2}(?:월|\.) ?\d{1,2}(?:일|\.) (?:오전|오후) \d\d?:\d\d, [^:\n]{1,80} : )".encode()
        ),
        f"a chat of KakaoTalk, which those in it alone can read: {_PRIVATE}",
    ),
    (
        re.compile(rb"(?:Messages\r?\n)?\[ ?\d{1,2}[^\]\n]{4,60}\] ?(?:: )?[^:\n\[{]{1,200}: ?(?![\[{])\S"),
        f"a chat of Viber or its like, which those in it alone can read: {_PRIVATE}",
    ),
    (
        re.compile(rb"\d\d:\d\d:\d\d[ \t]+From[ \t]+[^:\n]{1,200}:"),
        f"a chat of a meeting (Zoom), which those in it alone can read: {_PRIVATE}",
    ),
    (re.compile(rb".{8}DUCK", re.DOTALL), "a DuckDB database: write its table as CSV (COPY ... TO)"),
    (re.compile(rb".{4}[\x02\x07]_id\0", re.DOTALL), "a dump of MongoDB: write it as JSON lines (bsondump)"),
)


def stranger(head: bytes) -> str | None:
    """What a file that begins so is, if it is known to hold no posts that could be read."""
    magic = next((what for mark, what in _MAGIC if head.startswith(mark)), None)
    if magic is not None:
        return magic
    return next((what for pattern, what in _PATTERNS if pattern.match(head[:_LOOKED_AT])), None)


# a hostile file is looked at, too: what repeats here is never tried in another way
_CELL = rb"(?:[^ \n]| (?! ))++"
_PAIR = rb"@?[a-zA-Z_][\w.-]*+=(?:\"(?:[^\"\\\n]|\\.)*+\"|[^\s\"=]*+)"
_RECORDS = "rows one below the other, each column on a line of its own: write them as CSV"
# what could also be the beginning of a file that can be read: said only of one in which nothing was found
_LIKELY = (
    (
        re.compile(rb'\s*+\{\s*+"log"\s*+:\s*+\{\s*+"(?:version|creator|browser|pages|entries)"\s*+:'),
        "what a browser has recorded (HAR), cut or without an answer in a format that is known: take the posts out of"
        " it first",
    ),
    (
        re.compile(rb"(?:[^\n\s=\"{]++ )?+" + _PAIR + rb"(?:[ \t]++" + _PAIR + rb"){2,}+[ \t]*+\r?(?:\n|\Z)"),
        "a log of names and values (logfmt): write it as JSON lines",
    ),
    (
        re.compile(rb"(?:\s*+#[^\n]*+\n)*+\s*+\[\[?[\w.\" -]++\]?\]\s*+(?:[#;][^\n]*+\n\s*+)*+[\w.\"-]++ ?= ?"),
        "TOML or an INI file: write what it holds as JSON lines",
    ),
    (re.compile(rb"\s*+(?:-\[ RECORD \d++ \]|\*{9,}+ \d++\. row \*)"), _RECORDS),
    (
        re.compile(rb'\s*+[\[{].{0,4000}?"object"\s*+:\s*+"https?://', re.DOTALL),
        "an outbox that names its posts by their addresses alone, as GoToSocial gives it: fetch the posts themselves",
    ),
    (
        re.compile(rb'\s*+\{.{0,4000}?"first"\s*+:\s*+"https?://', re.DOTALL),
        'the cover of an outbox, without posts: fetch the pages that it names, from `"first"` on',
    ),
    (
        re.compile(
            rb"(?:\xef\xbb\xbf)?+(?=[^\n,;\t|{}\[\]<>]+\n)" + _CELL + b" {2,}+" + _CELL + rb" {2,}+[^ \n][^\n]*+\n"
            rb"(?:" + _CELL + rb" {2,}+[^ \n][^\n]*+(?:\n|\Z)){2,}+"
        ),
        "a table whose columns are parted by spaces (fixed width): write it as CSV",
    ),
)


def likely(head: bytes) -> str | None:
    """What a file that begins so looks like, after it was read in vain."""
    return stranger(head) or next((what for pattern, what in _LIKELY if pattern.match(head[:_LOOKED_AT])), None)
