"""Mail: what a person wrote, under a pseudonym, once; from a mailbox and from a folder."""

from __future__ import annotations

import asyncio
import email.utils
import json
import os
import sqlite3
import time
from pathlib import Path

import pytest

from pipeline.sources.live import maildir
from pipeline.sources.live.imap import Imap
from pipeline.sources.live.mail import item_of
from pipeline.sources.live.maildir import Maildir
from pipeline.sources.senders import Senders
from schemas import Post, PostError
from tests.sources.harness import Log, running
from tests.sources.imap_server import Mailbox, imap_server

SENDERS = Senders(b"k" * 32)


def mail(body: str, *, subject: str = "", sender: str = "Ann Dupont <ann@home.example>", more: str = "") -> bytes:
    date = email.utils.formatdate(time.time() - 5)
    head = f"From: {sender}\r\nDate: {date}\r\nSubject: {subject}\r\nMessage-ID: <{hash(body)}@home.example>\r\n"
    text = "Content-Type: text/plain; charset=utf-8\r\n" if "Content-Type" not in more else ""
    return (head + text + more + "\r\n" + body.replace("\n", "\r\n")).encode()


def written(raw: bytes) -> str:
    content = item_of(raw, SENDERS, 5).content
    assert isinstance(content, Post), content
    return content.text


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("Bravo #capcom !", "Bravo #capcom !"),
        ("Oui.\n\nLe lun. 23 nov. 2026 à 10:02, Bob <bob@x.example> a écrit :\n> Tu viens ?\n> Bob", "Oui."),
        ("Yes.\n\nOn Mon, Nov 23, 2026 at 10:02 AM Bob <bob@x.example> wrote:\n> Coming?\n>> really", "Yes."),
        ("Ja.\n\nAm 23.11.2026 um 10:02 schrieb Bob <bob@x.example>:\n> Kommst du?", "Ja."),
        ("Merci\n-- \nAnn Dupont\n+33 6 12 34 56 78", "Merci"),
        ("First\n> quoted\nLast", "First\nLast"),
        ("- one\n- two", "- one\n- two"),
    ],
)
def test_quotations_and_signatures_are_left_out(body: str, left: str) -> None:
    assert written(mail(body)) == left


def test_a_subject_is_part_of_it_unless_it_is_an_answers() -> None:
    assert written(mail("Texte", subject="=?utf-8?q?F=C3=AAte?=")) == "Fête\nTexte"
    assert written(mail("", subject="Only this")) == "Only this"
    assert written(mail("Texte", subject="Re: Fête")) == "Texte"
    assert item_of(mail("", subject="Re: Fête"), SENDERS, 5).content is None


def test_html_and_parts_are_read_as_people_see_them() -> None:
    html = mail("<p>Bonjour <b>#fête</b></p><style>p{}</style>", more="Content-Type: text/html; charset=utf-8\r\n")
    assert written(html) == "Bonjour #fête"
    parts = (
        "--b\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n=E9t=E9\n"
        "--b\nContent-Type: image/png\nContent-Disposition: attachment\n\nxxx\n--b--\n"
    )
    assert written(mail(parts, more='Content-Type: multipart/mixed; boundary="b"\r\n')) == "été"


def test_what_no_person_wrote_is_no_post() -> None:
    for more in "Auto-Submitted: auto-replied\r\n", "Precedence: bulk\r\n", "Return-Path: <>\r\n":
        assert item_of(mail("I am away", more=more), SENDERS, 5).content is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no headers at all",
        b"From: \r\n\r\nx",
        b"From: a@b\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe",
        b"From: a@b\r\nContent-Type: multipart/mixed\r\n\r\n--\r\n",
        b"From: a@b\r\nDate: nonsense\r\nMessage-ID: <\xff>\r\n\r\nx",
        b"From: =?utf-8?q?" + b"=FF" * 100 + b"?= <a@b>\r\n\r\nx",
        b"From: " + b"a," * 10_000 + b"\r\n\r\nx",
        b"From: a@b\r\n\r\n" + b"> " * 200_000,
        b"From: a@b\r\n\r\n" + b"On wrote:\n" * 5_000,
    ],
)
def test_hostile_mail_is_read_or_refused_and_soon(raw: bytes) -> None:
    began = time.monotonic()
    assert isinstance(item_of(raw, SENDERS, 5).content, Post | PostError | None)
    assert time.monotonic() - began < 5.0


def test_nothing_of_a_sender_is_written_but_a_pseudonym(tmp_path: Path) -> None:
    async def body() -> None:
        log = Log()
        async with imap_server() as mailbox, running(tmp_path, source(mailbox), log) as run:
            await run.until(lambda: idle(mailbox))
            await mailbox.deliver(mail("Bonjour #tag"))
            await run.until(lambda: log.posts)
            database = "".join(sqlite3.connect(tmp_path / "sources.db").iterdump())
        shown = json.dumps([[post.author, post.author_name, post.id, post.text] for post in log.posts]) + database
        for told in "ann@", "home.example", "Ann", "Dupont":
            assert told not in shown
        assert log.posts[0].author_name == "Mail a··"
        assert log.posts[0].author == SENDERS.mail("ANN@home.example ")[0]
        assert log.posts[0].author != Senders(b"other" * 8).mail("ann@home.example")[0]

    asyncio.run(body())


def test_the_key_of_pseudonyms_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    one, two = Senders.of_folder(tmp_path / "state"), Senders.of_folder(tmp_path / "state")
    assert one.phone("+33 6 12 34 56 42") == two.phone("0033612345642")
    assert two.phone("+33612345642") == one.phone("+33612345642")
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["senders.key"]
    assert (tmp_path / "state" / "senders.key").stat().st_mode & 0o077 == 0
    (tmp_path / "state" / "senders.key").write_bytes(b"short")
    with pytest.raises(OSError, match="no key"):
        Senders.of_folder(tmp_path / "state")


def source(mailbox: Mailbox, password: str = 'pass"word', idle_s: float = 30.0) -> Imap:
    return Imap("it", "127.0.0.1", "ann", password, SENDERS, port=mailbox.port, tls=False, idle_s=idle_s)


def idle(mailbox: Mailbox) -> bool:
    return bool(mailbox.commands) and mailbox.commands[-1].endswith("IDLE")


def test_mails_come_as_they_are_delivered_and_a_restart_goes_on_behind_the_last(tmp_path: Path) -> None:
    async def body() -> None:
        log = Log()
        async with imap_server() as mailbox:
            await mailbox.deliver(mail("was there before"))
            async with running(tmp_path, source(mailbox), log) as run:
                await run.until(lambda: idle(mailbox))
                await mailbox.deliver(mail("one"), mail("two"))
                await run.until(lambda: len(log.posts) == 2)
            await mailbox.deliver(mail("three"))
            async with running(tmp_path, source(mailbox), log) as run:
                await run.until(lambda: len(log.posts) == 3)
            assert log.texts == ["one", "two", "three"]
            mailbox.validity = 18  # all is numbered anew
            mailbox.mails = {uid + 40: mail for uid, mail in mailbox.mails.items()}
            mailbox.next += 40
            await mailbox.deliver(mail("meanwhile"))
            async with running(tmp_path, source(mailbox), log) as run:
                await run.until(lambda: idle(mailbox))
                await mailbox.deliver(mail("four"))
                await run.until(lambda: "four" in log.texts)
                await run.until(lambda: run.store.cursor("it") == {"uidvalidity": 18, "uid": mailbox.next - 1})
            # those of before are known, but for one that was there before the very first start
            assert sorted(log.texts) == sorted(["was there before", "one", "two", "three", "meanwhile", "four"])
            assert not any("STORE" in one or "SELECT" in one for one in mailbox.commands)

    asyncio.run(body())


def test_a_mailbox_that_was_numbered_anew_loses_and_doubles_nothing_however_much_came(tmp_path: Path) -> None:
    async def body() -> None:
        log = Log()
        async with imap_server() as mailbox:
            await mailbox.deliver(mail("of last year"))
            mailbox.old.add(1)
            async with running(tmp_path, source(mailbox), log) as run:
                await run.until(lambda: idle(mailbox))
                await mailbox.deliver(mail("one"))
                await run.until(lambda: len(log.posts) == 1)
            mailbox.validity = 18
            await mailbox.deliver(*[mail(f"meanwhile {number}") for number in range(60)])
            async with running(tmp_path, source(mailbox), log) as run:
                await run.until(lambda: len(log.posts) == 61 and idle(mailbox))
                await mailbox.deliver(mail("two"))
                await run.until(lambda: "two" in log.texts)
                assert run.store.cursor("it") == {"uidvalidity": 18, "uid": mailbox.next - 1}
        assert log.texts == ["one", *[f"meanwhile {number}" for number in range(60)], "two"]

    asyncio.run(body())


def test_a_cut_in_the_middle_of_a_mail_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async def body() -> None:
        log = Log()
        async with imap_server() as mailbox, running(tmp_path, source(mailbox), log) as run:
            await run.until(lambda: idle(mailbox))
            mailbox.cut_in_fetch = True
            await mailbox.deliver(mail("one"), mail("two"))
            await run.until(lambda: len(log.posts) == 2)
            assert not mailbox.cut_in_fetch
        assert log.texts == ["one", "two"]

    asyncio.run(body())


def test_a_server_that_tells_nothing_while_idle_is_asked_again(tmp_path: Path) -> None:
    async def body() -> None:
        log = Log()
        async with imap_server() as mailbox, running(tmp_path, source(mailbox, idle_s=0.2), log) as run:
            mailbox.deaf = True
            await run.until(lambda: idle(mailbox))
            await mailbox.deliver(mail("one"))
            await run.until(lambda: log.posts)

    asyncio.run(body())


def test_a_wrong_password_is_told_without_it(tmp_path: Path) -> None:
    async def body() -> None:
        async with imap_server() as mailbox, running(tmp_path, source(mailbox, "wrong-secret"), Log()) as run:
            await run.until(lambda: run.value("faults_total", name="it", kind="refused") == 1)
            assert "refuses the user or the password" in run.said[-1]
            assert "wrong-secret" not in " ".join(run.said)

    asyncio.run(body())


def test_a_maildir_gives_each_mail_once_whatever_its_reader_does(tmp_path: Path) -> None:
    async def body() -> None:
        box, log = tmp_path / "box", Log()
        for folder in "new", "cur", "tmp":
            (box / folder).mkdir(parents=True)

        def deliver(name: str, text: str, age_s: float = 0.0) -> None:
            (box / "tmp" / name).write_bytes(mail(text))
            os.utime(box / "tmp" / name, (time.time() - age_s,) * 2)
            (box / "tmp" / name).rename(box / "new" / name)

        deliver("1.x", "was there before", age_s=100)
        adapter = Maildir("it", str(box), SENDERS, every_s=0.02)
        async with running(tmp_path / "state", adapter, log) as run:
            await run.until(lambda: run.value("connected", name="it"))
            deliver("2.x", "two")
            await run.until(lambda: len(log.posts) == 1)
            (box / "new" / "2.x").rename(box / "cur" / "2.x:2,S")
            deliver("3.x", "late: its delivery began earlier", age_s=20)
            await run.until(lambda: len(log.posts) == 2)
            deliver("9.x", "by a clock that is a day ahead", age_s=-86_400)
            await run.until(lambda: len(log.posts) == 3)
        deliver("4.x", "four")
        async with running(tmp_path / "state", Maildir("it", str(box), SENDERS, every_s=0.02), log) as run:
            await run.until(lambda: len(log.posts) == 4)
            await run.until(lambda: run.outcome("duplicate") >= 1)
        assert log.texts == ["two", "late: its delivery began earlier", "by a clock that is a day ahead", "four"]
        assert sorted(path.name for path in box.glob("*/*")) == ["1.x", "2.x:2,S", "3.x", "4.x", "9.x"]

    asyncio.run(body())


def test_what_cannot_be_read_in_a_maildir_holds_up_no_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = maildir._read

    def read(path: Path) -> bytes:
        if path.name == "1.forbidden":
            raise PermissionError(13, "Permission denied")
        return reads(path)

    async def body() -> None:
        box, log = tmp_path / "box", Log()
        for folder in "new", "cur", "tmp":
            (box / folder).mkdir(parents=True)
        adapter = Maildir("it", str(box), SENDERS, every_s=0.02)
        async with running(tmp_path / "state", adapter, log) as run:
            await run.until(lambda: run.value("connected", name="it"))
            (box / "new" / "0.folder").mkdir()
            os.mkfifo(box / "new" / "0.pipe")
            (box / "new" / "0.nowhere").symlink_to("nothing")
            (box / "new" / "0.circle").symlink_to("0.circle")
            (box / "new" / "1.forbidden").write_bytes(mail("forbidden"))
            (box / "new" / "2.x").write_bytes(mail("two"))
            await run.until(lambda: log.texts == ["two"])
            assert run.outcome("dead") == 1
            assert run.said == []

    monkeypatch.setattr(maildir, "_read", read)
    asyncio.run(body())
