"""Names of columns that people put together from words of their language: `Data i godzina publikacji`, `発文時間`."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from pipeline.sources.archives.tables.names import plain, without_aside

# between the others, and behind them, as in Autor/a and Verfasser*in
_BETWEEN = """
    de du des d la le les l el del da do dos das di della dello van het der die den dem im am i in il og och ja e y
    et u und en ve a à à și и і й w z o os op on um em of the utc gmt local innen rice trice और の 的
"""
_DATE = """
    date datum data fecha tarih tarihi dato datetime timestamp horodatage zeitstempel zeitpunkt tijdstip
    veröffentlichungszeitpunkt thời_gian päivämäärä dátum ημερομηνία дата tanggal ngày תאריך दिनांक تاريخ التاريخ
    تاریخ วันที่ 日付 日時 日期 날짜 일시 일자 タイムスタンプ
"""
_CLOCK = """
    heure hora ora uhrzeit zeit tid tijd saat saati godzina čas idő ώρα время час време gio waktu שעה समय وقت الوقت
    زمان والوقت والساعة ושעה ساعت เวลา 時刻 時間 时间 시간 시각 klokkeslett klokkeslæt kellonaika vrijeme
"""
_PUT_OUT = """
    publié publiée posté postée créé créée gepostet veröffentlicht erstellt publicado posteado creado postado criado
    pubblicato creato geplaatst gepubliceerd aangemaakt opublikowano dodano utworzono publicerad skapad udgivet
    oprettet publisert opprettet julkaistu luotu publikováno zverejnené objavljeno publicat creat опубликовано
    создано опубліковано створено dipublikasikan
"""
_PUTTING_OUT = """
    publication création parution veröffentlichung veröffentlichungs erstellung erstellungs publicación creación
    publicação criação postagem pubblicazione creazione publicatie plaatsing publikacji utworzenia dodania yayın
    yayınlanma yayımlanma oluşturma oluşturulma paylaşım gönderim gönderilme публикации создания размещения
    публікації створення publicering zveřejnění zverejnenia vytvoření vytvorenia közzététel létrehozás publicării
    creării postării objave publicació creació δημοσίευσης δημιουργίας פרסום đăng tạo publikasi posting النشر نشر
    الإنشاء انتشار 投稿 作成 公開 ツイート 게시 작성 등록 생성 发布 發布 發佈 发表 發表 创建 創建 建立 发文 發文
    发帖 發帖
"""
_TEXT = """
    text texte texto testo tekst текст текста metin metni szöveg κείμενο teks teksti besedilo טקסט पाठ نص النص متن
    ข้อความ contenu contenido conteúdo contenuto inhoud inhalt treść zawartość içerik içeriği obsah tartalom
    conținut konten isi nội_dung содержание содержимое вміст зміст innehåll indhold innhold sisältö sadržaj vsebina
    contingut περιεχόμενο תוכן المحتوى محتوى 本文 正文 文本 内容 內容 내용 본문 텍스트 テキスト 글
"""
_MESSAGE = """
    message mensaje mensagem messaggio nachricht bericht wiadomość wiadomości mesaj mesajı meddelelse melding viesti
    zpráva zprávy správa poruka üzenet сообщение сообщения повідомлення μήνυμα הודעה رسالة الرسالة メッセージ 消息
    메시지
"""
_POST = """
    post beitrag beitrags publication publicación publicação pubblicazione postagem wpis wpisu posta gönderi
    gönderisi paylaşım inlägg opslag innlegg julkaisu příspěvek příspěvku príspevok príspevku objava bejegyzés
    postare publicació пост поста публикация публикации допис допису публікація δημοσίευση פוסט المنشور منشور
    التغريدة تغريدة توییت پست 投稿 ツイート 推文 帖子 貼文 微博 評論 评论 コメント 게시글 게시물 댓글 트윗 tweet
    toot comentario comentário commentaire kommentar commento komentarz komentarza komentář yorum комментарий
    комментария kommentti
"""
_AUTHOR = """
    auteur autrice auteure utilisateur utilisatrice compte pseudo pseudonyme autor autora verfasser nutzer benutzer
    benutzername nutzername gebruikersnaam brugernavn brukernavn användarnamn kontoname accountnaam konto ersteller
    usuario usuaria cuenta usuário usuária conta autore utente account gebruiker gebruikers użytkownik użytkownika
    konta kullanıcı yazar hesap hesabı المستخدم مستخدم الكاتب الحساب المؤلف کاربر کاربری نویسنده ผู้ใช้ ユーザー
    ユーザ 投稿者 作成者 アカウント 作者 用户 用戶 使用者 账号 帳號 账户 帳戶 博主 发布者 發布者 昵称 暱稱 작성자
    사용자 계정 닉네임 글쓴이 автор автора пользователь пользователя аккаунт користувач користувача användare
    användar bruger bruker käyttäjä käyttäjän uživatel uživatele uživatelské používateľ používateľa korisnik
    korisničko uporabnik uporabniško felhasználó szerző utilizator usuari потребител потребителско χρήστης χρήστη
    משתמש המשתמש מחבר उपयोगकर्ता लेखक người_dùng tác_giả pengguna penulis
"""
_NAME = """
    nom name namen naam nombre nome nazwa imię adı ismi isim اسم نام 名 名前 名称 名稱 이름 명 имя ім'я namn navn
    nimi jméno meno ime név nume όνομα שם नाम tên nama ชื่อ
"""
_PRIVATE = """
    private privé privée protected protégé protégée privat privates geschützt geschütztes privado privada protegido
    protegida privato privata protetto protetta prive afgeschermd besloten prywatny prywatne prywatna chroniony
    chronione gizli özel korumalı kapalı приватный приватная приватное приватний закрытый закрытая закрытое
    закритий частный
    личный защищенный soukromý soukromé súkromný súkromné privát skyddad skyddat beskyttet yksityinen suojattu خاص
    خاصة محمي محمية خصوصی פרטי 非公開 鍵 鍵アカ 私密 不公开 不公開 私人 受保护 受保護 비공개 riêng_tư pribadi
"""
_PUBLIC = """
    public publique öffentlich público pública pubblico pubblica openbaar publiczny publiczne publiczna herkese_açık
    публичный публичная публичное открытый открытая публічний veřejný veřejné verejný nyilvános offentlig offentligt
    julkinen عام عامة علني ציבורי 公開 公开 공개 công_khai publik visible_to_everyone visible_to_all
"""
_NOT = "nicht non not no não niet nie не ikke inte ei"
_ASKING = "is ist est es è é czy mi 是否 か 여부 هل אם twitter"
_ALONE = re.compile(r"[^\W\d_]*[\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff]")  # scripts without spaces


@functools.cache  # patterns take a while to compile, and most archives are no tables
def _made_of(*kinds: str) -> re.Pattern[str]:
    """What consists of these words, and of those that stand between, alone."""
    words = [plain(word) for kind in (*kinds, _BETWEEN) for word in kind.split()]
    parted = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True) if not _ALONE.match(word))
    joined = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True) if _ALONE.match(word))
    return re.compile(rf"(?:(?:{parted})(?:_|\Z)|(?:{joined})_?)+")


@functools.cache
def _holding(*kinds: str) -> re.Pattern[str]:
    """What holds one of these words."""
    words = [plain(word) for kind in kinds for word in kind.split()]
    parted = "|".join(re.escape(word) for word in words if not _ALONE.match(word))
    joined = "|".join(re.escape(word) for word in words if _ALONE.match(word))
    return re.compile(rf"(?:\A|_)(?:{parted})(?:_|\Z)|{joined}")


@functools.cache
def _kinds() -> tuple[tuple[str, list[re.Pattern[str]], re.Pattern[str]], ...]:
    """Fields, and the words of which a name holds one of each, and all that it may be made of."""
    return (
        ("author", [_holding(_AUTHOR)], _made_of(_AUTHOR, _NAME, _POST, _MESSAGE, "twitter")),
        ("time", [_holding(_DATE, _PUT_OUT)], _made_of(_DATE, _CLOCK, _PUT_OUT, _PUTTING_OUT, _POST, _MESSAGE)),
        ("time", [_holding(_CLOCK)], _made_of(_CLOCK, _PUTTING_OUT)),
        ("text", [_holding(_TEXT, _POST, _MESSAGE)], _made_of(_TEXT, _POST, _MESSAGE)),
        ("author", [_holding(_NAME)], _made_of(_NAME)),
    )


@functools.cache
def _who_sees() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]:
    """The same of who may see a post."""
    not_public = re.compile(rf"(?:.*_)?(?:{_NOT.replace(' ', '|')})_(?:{_made_of(_PUBLIC).pattern})")
    return (
        ("protected", _holding(_PRIVATE), _made_of(_PRIVATE, _AUTHOR, _POST, _MESSAGE, _ASKING)),
        ("protected", _holding(_NOT), not_public),
        ("public", _holding(_PUBLIC), _made_of(_PUBLIC, _AUTHOR, _POST, _MESSAGE, _ASKING)),
    )


@functools.lru_cache(maxsize=1_024)
def spoken(title: str) -> str:
    """The field that a name of a column means in one of 40 languages; nothing where it is not made of such words alone.

    >>> spoken("Data i godzina"), spoken("發文時間"), spoken("YAYIN TARİHİ"), spoken("Tekst wpisu"), spoken("Autor/a")
    ('time', 'time', 'time', 'text', 'author')
    >>> spoken("Date de création du compte"), spoken("评论数"), spoken("Kommentare"), spoken("Datum der Erfassung")
    ('', '', '', '')
    """
    name = without_aside(title)
    for field, held, made in _kinds():
        if made.fullmatch(name) and all(words.search(name) for words in held):
            return field
    return ""


def in_words(field: str, names: Sequence[str]) -> list[int]:
    """The columns that mean a field in words of some language, of several the most telling ones first."""
    found = [at for at, title in enumerate(names) if spoken(title) == field]
    return sorted(found, key=lambda at: is_name_alone(names[at]))


def spoken_privacy(title: str) -> str:
    """Whether a column, by such a name, says of posts or accounts that they are `protected`, or `public`.

    >>> spoken_privacy("Compte protégé"), spoken_privacy("Nicht öffentlich"), spoken_privacy("是否公开")
    ('protected', 'protected', 'public')
    """
    name = without_aside(title)
    return next((kind for kind, holds, made in _who_sees() if made.fullmatch(name) and holds.search(name)), "")


def is_name_alone(title: str) -> bool:
    """Whether such a name says no more than `name`."""
    return _made_of(_NAME).fullmatch(plain(title)) is not None


def says_message(title: str) -> bool:
    """Whether such a name says that it holds messages."""
    return _holding(_MESSAGE).search(plain(title)) is not None
