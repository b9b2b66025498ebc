"""`upswell sources`: what it prints, checks and refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.cli import run
from pipeline.settings import SettingsError, load_settings
from pipeline.sources.live.build import adapters_of
from pipeline.sources.live.checking import check
from pipeline.sources.live.examples import EXAMPLES
from pipeline.sources.live.feeds import Feed
from pipeline.sources.live.mastodon import Mastodon
from pipeline.sources.senders import Senders
from schemas.sources import SOURCE_KINDS
from tests.sources.mastodon_server import Server, status, with_server
from tests.sources.servers import http_server

SENDERS = Senders(b"k" * 32)


@pytest.fixture(autouse=True)
def _an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_new_prints_are_settings_each_of_its_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert EXAMPLES.keys() == SOURCE_KINDS.keys()
    assert run(["sources", "new", ",".join(EXAMPLES)]) == 0
    Path("upswell.toml").write_text(capsys.readouterr().out + '\n[[event]]\nname = "e"\nhashtags = ["#e"]\n')
    settings = load_settings()
    assert [source.kind for source in settings.sources] == list(EXAMPLES)
    secrets = {"WALL_MAIL_PASSWORD": "p", "X_TOKEN": "t"}
    names = [adapter.name for adapter in adapters_of(settings, SENDERS, environ=secrets)]
    assert names == ["mastodon/1", "mastodon/2", "bluesky", "news", "mail", "mail-here", "nostr/1", "nostr/2", "x"]


def test_what_is_commented_out_in_them_fits_too() -> None:
    lines = "\n".join(EXAMPLES.values()).split("\n")
    keys = tuple(f"# {key} =" for one in SOURCE_KINDS.values() for key in one.__struct_fields__)
    told = "\n".join(line[2:] if line.startswith(keys) else line for line in lines)
    Path("upswell.toml").write_text(told)
    assert len(load_settings().sources) == len(EXAMPLES)


def test_rss_and_mail_are_known_by_their_usual_names_and_others_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sources", "new", "rss, mail"]) == 0
    assert 'kind = "feed"' in capsys.readouterr().out
    for command in ["sources", "new"], ["sources", "new", "myspace"], ["sources", "run", "x"], ["sources", "check"]:
        assert run(command) == 2
        assert "\n" not in capsys.readouterr().err.strip()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind = 'mastodon'", "`servers`"),
        ("kind = 'mastodon'\nservers = ['not a host']", "a host name like mastodon.social"),
        ("kind = 'mastodon'\nservers = ['a.example']\nhashtag = ['x']", "did you mean"),
        ("kind = 'myspace'", "must be one of mastodon, bluesky"),
        ("kind = ['mastodon']", "must be one of"),
        ("servers = ['a.example']", "must be one of"),
        ("kind = 'feed'\nurls = ['ftp://a.example/x']", "an address like https://"),
        ("kind = 'nostr'\nrelays = ['https://a.example/x']", "an address like wss://"),
        ("kind = 'feed'\nurls = ['https://a.example/x']\nevery_s = 0", ">= 1"),
    ],
)
def test_a_fault_in_a_table_names_its_place(text: str, said: str) -> None:
    Path("upswell.toml").write_text(f"[[source]]\nname = 'a'\n{text}\n")
    with pytest.raises(SettingsError, match=r"^upswell\.toml:\d+: source\[0\] \(a\)") as caught:
        load_settings()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind = 'mastodon'\nservers = ['a.example']", "name hashtags here, or describe an"),
        ("kind = 'mastodon'\nservers = ['a.example', 'b.example']\ntoken = 'x'", "a token is one server's"),
        ("kind = 'x'\ntoken = '$NOWHERE'\nrules = ['a']", "the environment variable NOWHERE is not set"),
        ("kind = 'bluesky'\nhashtags = ['#']", "source"),
    ],
)
def test_what_cannot_be_built_is_told_with_the_name_of_its_source(text: str, said: str) -> None:
    Path("upswell.toml").write_text(f"[[source]]\nname = 'a'\n{text}\n")
    with pytest.raises(SettingsError, match=r"^source \(a\): ") as caught:
        adapters_of(load_settings(), SENDERS)
    assert said in str(caught.value)


def test_no_secret_is_shown() -> None:
    Path("upswell.toml").write_text("[[source]]\nname = 'a'\nkind = 'x'\ntoken = 'very-secret'\nrules = ['a']\n")
    settings = load_settings()
    assert "very-secret" not in repr(settings) + repr(settings.sources) + str(settings.sources)


def test_a_look_tells_the_newest_post_the_delay_and_faults() -> None:
    async def body(server: Server) -> None:
        server.statuses = [status(1, "bonjour\x1b[31m")]
        async with http_server(lambda request: request.answer(status=403)) as refusing:
            adapters = [
                Mastodon("good", server.http.url, ["tag"]),
                Mastodon("quiet", server.http.url, ["other"]),
                Feed("bad", f"{refusing.url}/feed"),
            ]
            server.page = lambda request: server.statuses if request.path.endswith("/tag") else []  # type: ignore[method-assign]
            good, quiet, bad = await check(adapters, 2.0)
        assert good.post is not None
        assert re.fullmatch(r"good: ok; newest post published \d s ago: bonjour.*", good.lines()[-1], re.DOTALL)
        assert "good: a.example runs 4.5.1" in good.lines()
        assert quiet.lines()[-1] == "quiet: connected; no post came in 2 s"
        assert bad.lines()[-1].startswith("bad: FAULT: 127.0.0.1 refuses (403)")

    with_server(body)


def test_check_ends_with_1_when_a_source_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    Path("upswell.toml").write_text(
        "[[source]]\nname = 'a'\nkind = 'feed'\nurls = ['http://127.0.0.1:9/feed']\n"
        "[[source]]\nname = 'b'\nkind = 'maildir'\npath = '.'\n"
    )
    for folder in "new", "cur":
        Path(folder).mkdir()
    assert run(["sources", "check", "--wait", "1"]) == 1
    told = capsys.readouterr()
    assert "a: FAULT: 127.0.0.1 cannot be reached: is it written right?" in told.out
    assert "b: connected; no post came in 1 s" in told.out
    assert "1 of 2 sources cannot be read" in told.err
    assert run(["sources", "check", "b", "--wait", "1"]) == 0
    assert not Path("upswell-state").exists()
