"""Sessions over a restart: who stays signed in, who does not, and what lies in the file."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from pipeline.web.links import Links
from pipeline.web.sessions import SessionFile
from pipeline.web.tokens import SESSION_S, Gate
from schemas.access import Token
from tests.wall.server import ANN, EVE


class Server:
    """What starts again and again over the same folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file, self.now_s = folder, folder / "sessions.json", 1_000_000.0

    def started(self, *tokens: Token) -> Gate:
        file = SessionFile(self.file, lambda: self.now_s)
        return Gate(tokens, links=Links(self.folder / "links.json"), file=file)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_a_restart_signs_nobody_out_and_an_open_page_goes_on_until_the_session_ends(server: Server) -> None:
    before = server.started(ANN, EVE)
    cookie = before.begin(ANN)
    server.now_s += SESSION_S - 1
    after = server.started(EVE, ANN)
    session = after.session(cookie)
    assert session is not None
    assert session == before.session(cookie)  # the proof of its pages, too
    assert session.token == ANN
    server.now_s += 1
    assert after.session(cookie) is None


def test_the_file_tells_neither_cookies_nor_secrets_nor_proofs_and_is_its_owners(server: Server) -> None:
    gate = server.started(ANN)
    cookie = gate.begin(ANN)
    session = gate.session(cookie)
    assert session is not None
    kept = server.file.read_text()
    assert "ann" in kept
    assert not [it for it in (cookie, ANN.secret, session.csrf) if it in kept]
    assert server.file.stat().st_mode & 0o777 == 0o600
    assert server.started(ANN).session(next(iter(server.started(ANN)._sessions))) is None  # a digest is no cookie


def test_a_session_ends_with_its_token_its_secret_or_its_link_and_follows_its_rights(server: Server) -> None:
    gate = server.started(ANN)
    link = gate.links.token_of(gate.links.make("guest", "write"))
    assert link is not None
    ann, guest = gate.begin(ANN), gate.begin(link)
    assert server.started(EVE).session(ann) is None
    assert server.started(Token("ann", "another-secret-00", "write")).session(ann) is None
    reader = server.started(Token("ann", ANN.secret, "read")).session(ann)
    assert reader is not None
    assert reader.token.rights == "read"
    again = server.started(ANN)
    assert again.session(guest) is not None
    again.take_back("guest")
    again.links.make("guest", "write")  # another link of that name
    assert again.session(guest) is server.started(ANN).session(guest) is None


def test_who_logs_out_stays_out_and_a_link_of_the_terminal_ends_with_its_process(server: Server) -> None:
    gate = server.started(ANN)
    terminal = gate.signed_in(gate.link())
    assert terminal is not None
    out, linked = gate.begin(ANN), gate.begin(terminal)
    gate.end(out)
    assert gate.session(linked) is not None
    assert server.started(ANN).session(out) is server.started(ANN).session(linked) is None


def test_a_file_that_is_no_good_signs_people_out_and_lets_them_in_again(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.file.write_bytes(b'{"torn')
    with caplog.at_level(logging.WARNING):
        gate = server.started(ANN)
    assert "sessions.json: cannot be read" in caplog.text
    assert gate.session(gate.begin(ANN)) is not None
    server.file.unlink()
    server.file.mkdir()
    with caplog.at_level(logging.WARNING):
        assert gate.session(gate.begin(ANN)) is not None
    assert "sessions.json: cannot be written" in caplog.text
