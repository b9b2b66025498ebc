"""What mail programs put around a person's words, in French above all, and the letters they write them in."""

from __future__ import annotations

import pytest

from pipeline.sources.live.mail import item_of
from pipeline.sources.mail_quotes import own_words
from pipeline.sources.senders import Senders
from schemas import Post

SENDERS = Senders(b"k" * 32)
HEADERS = "De : Jean <jean@x.example>\nEnvoyé : lundi 3 mars 2025 10:12\nÀ : mur@x.example\nObjet : mur\n\nMerci"
HTML = "<p>Oui.</p><hr><div><b>De :</b> Jean &lt;j@x&gt;<br><b>Envoyé :</b> 3 mars<br><b>Objet :</b> mur</div>"


def mail(body: str, *, head: str = "", kind: str = "text/plain; charset=utf-8", sender: str = "ann@x.example") -> bytes:
    head = head if "Subject:" in head else f"{head}Subject: Re: x\n"
    return f"From: {sender}\nMessage-ID: <1@x>\n{head}Content-Type: {kind}\n\n{body}".encode()


def told(raw: bytes) -> str | None:
    content = item_of(raw, SENDERS, 5).content
    assert content is None or isinstance(content, Post), content
    return content.text if content else None


@pytest.mark.parametrize(
    "below",
    [
        "Le lun. 3 mars 2025 à 10:12, Jean de la Tour <jean@x.example> a\nécrit :\n\n> Merci",
        "Le lun. 3 mars 2025 à 10:12, Jean de la Tour\n<jean.de.la.tour@x.example>\na écrit :\nMerci",
        "Le 3 mars 2025 à 10:12, Jean <jean@x.example> a écrit\u00a0:\n\n> Merci",
        "Envoyé de mon iPhone\n\n> Le 3 mars 2025 à 10:12, Jean <jean@x.example> a écrit :\n> Merci",
        f"-----Message d'origine-----\n{HEADERS}",
        f"-----Message d’origine-----\n{HEADERS}",
        HEADERS.replace(" :", "\u00a0:"),
        HEADERS.replace("De :", "*De :*").replace("Objet :", "*Objet :*"),
        f"________________________________\n{HEADERS}",
        "Télécharger Outlook pour Android\n________________________________\nFrom: Jean <jean@x.example>\n"
        "Sent: Monday\nTo: mur@x.example\nSubject: mur\n\nMerci",
        '----- Mail original -----\nDe: "Jean" <jean@x.example>\nÀ: mur@x.example\nObjet: mur\n\nMerci',
        "------- Message d'origine -------\nLe lundi 3 mars 2025 à 10:12, Jean <jean@x.example> a écrit :\n\n> Merci",
        "---------- Forwarded message ---------\nDe : Jean <jean@x.example>\nDate: lun. 3 mars\nSubject: mur\n"
        "To: <mur@x.example>\n\nMerci",
        "-------- Message transféré --------\nSujet : \tmur\nDate : \t3 Mar\nDe : \tJean <jean@x.example>\n\nMerci",
        "Envoyé à partir de l'application Mail Orange",
        "Envoyé de mon iPhone",
    ],
)
def test_nothing_is_left_of_what_a_mail_quotes_or_a_program_adds(below: str) -> None:
    assert told(mail(f"Oui.\n\n{below}")) == "Oui."


def test_what_only_looks_like_a_quotation_stays() -> None:
    for body in (
        "Le maire a écrit : « bravo »\nEt nous aussi.",
        "De : tous les coins de la ville\nOn est venus.",
        "Envoyé de tout cœur",
        "----- Programme -----\n20h concert",
        "Objet : fête\n\nDate : lundi",
    ):
        assert told(mail(body)) == body


def test_an_answer_below_or_between_quoted_lines_is_the_answer() -> None:
    body = "Le lun. 3 mars 2025 à 10:12, Jean a écrit :\n> Qui vient ?\n\nMoi !\n> Quand ?\n20 h"
    assert told(mail(body)) == "Moi !\n20 h"
    assert own_words("Le 3 mars, Jean a écrit :\n" * 2_000 + "Moi !").strip() == "Moi !"


def test_what_a_mail_in_html_quotes_is_left_out_and_its_title_too() -> None:
    page = f"<html><head><title>x</title></head><body>{HTML}Merci</body></html>"
    assert told(mail(page, kind="text/html; charset=utf-8")) == "Oui."


REPORT = 'multipart/report; report-type=delivery-status; boundary="b"'
CALENDAR = "--b\nContent-Type: text/plain\n\nVenez\n--b\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN\n--b--"


@pytest.mark.parametrize(
    "raw",
    [
        mail("Je suis absent", head="X-Autoreply: yes\n"),
        mail("Je suis absent", head="Subject: Réponse automatique : mur\n"),
        mail("Je suis absent", head="Subject: =?utf-8?q?R=C3=A9ponse_automatique=C2=A0=3A_mur?=\n"),
        mail("I am away", head="Subject: Out of office: mur\n"),
        mail("I'm afraid I wasn't able to deliver", sender="MAILER-DAEMON@x.example"),
        mail("delivery failed", head="X-Failed-Recipients: a@x.example\n"),
        mail("--b\nContent-Type: text/plain\n\nNon remis\n--b--", kind=REPORT),
        mail("Confirmez : https://x.example/confirm?secret", sender="no-reply@x.example"),
        mail(CALENDAR, kind='multipart/alternative; boundary="b"'),
    ],
)
def test_what_a_machine_wrote_is_no_post(raw: bytes) -> None:
    assert told(raw) is None


def test_a_calendar_that_a_person_attaches_does_not_cost_their_words() -> None:
    parts = CALENDAR.replace("method=REQUEST", "method=PUBLISH\nContent-Disposition: attachment")
    assert told(mail(parts, kind='multipart/mixed; boundary="b"')) == "Venez"


def test_the_words_are_found_whatever_is_attached_or_empty() -> None:
    attached = '--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename="a.txt"\n\nSecret\n'
    inline = "--b\nContent-Type: text/plain; charset=utf-8\nContent-Disposition: inline\n\nOui\n--b--"
    html = "--b\nContent-Type: text/html; charset=utf-8\n\n<p>Oui</p>\n--b--"
    for parts in attached + inline, attached + html, "--b\nContent-Type: text/plain\n\n\n" + html:
        assert told(mail(parts, kind='multipart/mixed; boundary="b"')) == "Oui"
    forwarded = "--b\nContent-Type: message/rfc822\n\nFrom: c@x.example\n\nSecret\n--b--"
    assert told(mail(forwarded, kind='multipart/mixed; boundary="b"')) is None


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"", "Été à Lyon 🎉".encode()),
        (b"Content-Type: text/plain; charset=us-ascii\n", "Été à Lyon 🎉".encode()),
        (b"", "Été à Lyon".encode("latin-1")),
        (b"Content-Type: text/plain; charset=utf-8\n", "Été à Lyon".encode("cp1252")),
        (b"Content-Type: text/plain; charset=iso-8859-1\n", "L’été à 5 €".encode("cp1252")),
    ],
)
def test_letters_are_read_whatever_the_mail_says_they_are(head: bytes, body: bytes) -> None:
    expected = body.decode("utf-8" if "🎉".encode() in body else "cp1252")
    assert told(b"From: ann@x.example\nMessage-ID: <1@x>\nSubject: Re: x\n" + head + b"\n" + body) == expected
    subject = b"From: ann@x.example\nMessage-ID: <1@x>\nSubject: " + body + b"\n\n"
    assert told(subject) == expected
