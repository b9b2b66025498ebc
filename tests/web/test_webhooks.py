"""Webhooks of SMS and mail providers: signatures, what is a post, senders that nobody learns, and each one's status."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from litestar.testing import TestClient
from prometheus_client import CollectorRegistry

from pipeline.kafka.connection import BrokerAwayError
from pipeline.settings import Settings, SettingsError, load_settings
from pipeline.sources import gateway as module
from pipeline.sources.gateway import Gateway
from pipeline.sources.journal import Journal
from pipeline.sources.senders import Senders
from pipeline.sources.webhooks import signatures
from pipeline.sources.webhooks.came import came_of
from pipeline.web import tokens, webhooks
from pipeline.web.app import create_app
from pipeline.web.feed import Feed
from pipeline.web.posting import PostDesk
from pipeline.web.webhooks import NEVER_AGAIN, WebhookDesk, hooks_of, webhook_routes
from schemas.webhooks import Webhook, WebhookKind
from tests.sources.harness import Log

SECRET = "the-secret-of-the-provider"
PUBLIC = "https://wall.example"
NUMBER, ADDRESS = "+33612345642", "ann.lee@private.example"
HOOKS = (
    Webhook(name="twilio", kind="twilio", secret=SECRET, event="gala", keys={"SK1": "another-key"}),
    Webhook(name="vonage", kind="vonage", secret=SECRET),
    Webhook(name="mailgun", kind="mailgun", secret=SECRET),
    Webhook(name="sendgrid", kind="sendgrid", secret=SECRET),
    Webhook(name="postmark", kind="postmark", secret=SECRET),
    Webhook(
        name="ovh",
        kind="custom",
        secret=SECRET,
        fields={"author": "data.from", "text": "data.message", "id": "data.id", "time": "data.at"},
        refused=422,
    ),
    Webhook(
        name="headed",
        kind="custom",
        secret="$HEADED_SECRET",
        header="X-Secret",
        fields={"author": "from", "text": "text"},
        senders="mail",
    ),
)
KINDS = [hook.name for hook in HOOKS]


class Asked:
    """A server with a webhook of each kind, over a log in memory."""

    def __init__(self, folder: Path) -> None:
        self.log, self.fault, self.registry = Log(), None, CollectorRegistry()
        self.fault: Exception | None = None
        gateway = Gateway(lambda: Journal(folder), self._open)
        posts = PostDesk(gateway=gateway)
        hooks = hooks_of(Settings(webhooks=HOOKS, public_url=PUBLIC), {"HEADED_SECRET": SECRET})
        self.desk = WebhookDesk(hooks, posts, Senders(b"k" * 32), PUBLIC, self.registry)
        routes = webhook_routes(self.desk)
        app = create_app(Feed(), routers=[routes], on_startup=[gateway.start], on_shutdown=[gateway.stop])
        self.client = TestClient(app)

    def _open(self) -> Log:
        if self.fault:
            raise self.fault
        return self.log

    def outcomes(self, name: str) -> dict[str, float]:
        found = [it for family in self.registry.collect() for it in family.samples if it.name.endswith("_total")]
        return {it.labels["outcome"]: it.value for it in found if it.labels["name"] == name}

    def send(self, name: str, of: str = "m1", text: str = "bonsoir #gala", **changes: Any) -> Any:
        return getattr(self, f"_{name}")(of, text, **changes)

    def _twilio(
        self, of: str, text: str, key: str = SECRET, port: str = "", newer: bool = False, as_json: bool = False
    ) -> Any:
        fields = {"From": NUMBER, "To": "+33700000000", "Body": text, "MessageSid": of, "NumMedia": "0"}
        body = json.dumps(fields) if as_json else urlencode(fields)
        path = "/hooks/twilio" + (f"?bodySHA256={hashlib.sha256(body.encode()).hexdigest()}" if as_json else "")
        signed = PUBLIC + port + path + ("" if as_json else "".join(k + v for k, v in sorted(fields.items())))
        digest = hmac.new(key.encode(), signed.encode(), hashlib.sha256 if newer else hashlib.sha1).digest()
        kind = "application/json" if as_json else "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, "X-Twilio-Signature": base64.b64encode(digest).decode()}
        if newer:
            headers["X-Twilio-Webhooks-Signature-Settings"] = "key=SK1,algorithm=HMAC_SHA256"
        return self.client.post(path, content=body, headers=headers)

    def _vonage(self, of: str, text: str, key: str = SECRET, age_s: float = 0, **more: str) -> Any:
        told = {"msisdn": NUMBER.lstrip("+"), "to": "33700", "messageId": of, "text": text, "type": "text"} | more
        told |= {"timestamp": str(int(time.time() - age_s)), "nonce": "n"}
        signed = "".join(f"&{k}={told[k].replace('&', '_').replace('=', '_')}" for k in sorted(told))
        told["sig"] = hmac.new(key.encode(), signed.encode(), hashlib.sha256).hexdigest().upper()
        return self.client.get("/hooks/vonage", params=told)

    def _mailgun(self, of: str, text: str, key: str = SECRET, age_s: float = 0, token: str = "", **more: str) -> Any:
        stamp, token = str(int(time.time() - age_s)), token or f"token-of-{of}"
        sig = hmac.new(key.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
        headers = json.dumps([["From", f"Ann Lee <{ADDRESS}>"], ["Message-Id", f"<{of}@x>"], ["Subject", "Re: mur"]])
        told = {"message-headers": headers, "body-plain": f"{text}\n\n-- \nAnn", "sender": ADDRESS} | more
        told |= {"timestamp": stamp, "token": token, "signature": sig}
        return self.client.post("/hooks/mailgun", data=told)

    def _sendgrid(self, of: str, text: str, key: str = SECRET) -> Any:
        head = f"Received: by x\nMessage-ID: <{of}@x>\nFrom: Ann Lee <{ADDRESS}>\nSubject: Re: mur\nContent-Type: a/b"
        told = {"headers": head, "from": ADDRESS, "charsets": json.dumps({"text": "iso-8859-1", "headers": "UTF-8"})}
        files = {name: (None, value.encode()) for name, value in told.items()}
        files["text"] = (None, text.encode("latin-1"))
        files["attachment1"] = ("photo.jpg", b"\xff\xd8")  # type: ignore[assignment]
        return self.client.post(f"/hooks/sendgrid/{key}", files=files)

    def _postmark(self, of: str, text: str, key: str = SECRET) -> Any:
        told = {"From": ADDRESS, "Subject": "Re: mur", "TextBody": text, "MessageID": of, "Headers": []}
        return self.client.post("/hooks/postmark", json=told, auth=("any", key))

    def _ovh(self, of: str, text: str, key: str = SECRET) -> Any:
        told = {"data": {"from": NUMBER, "message": text, "id": of, "at": "2026-11-28T10:00:00Z"}}
        return self.client.post(f"/hooks/ovh/{key}", json=told)

    def _headed(self, of: str, text: str, key: str = SECRET) -> Any:
        told = {"from": ADDRESS, "text": text + ("" if of == "m1" else of)}
        return self.client.post("/hooks/headed", data=told, headers={"X-Secret": key})


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    monkeypatch.setattr(module, "AWAY_S", 0.0)
    monkeypatch.setattr(tokens, "WRONG_S", 0.0)
    asked = Asked(tmp_path)
    with asked.client:
        yield asked


def test_the_providers_own_vectors() -> None:
    """Of twilio-python's tests: one with a form, one with a JSON body."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    form = {"CallSid": "CA1234567890ABCDE", "Digits": "1234", "From": "+14158675309", "To": "+18005551212"}
    headers = {"content-type": "application/x-www-form-urlencoded"}
    came = came_of(
        url,
        headers | {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
        urlencode(form | {"Caller": "+14158675309"}).encode(),
    )
    assert signatures.twilio(came, "12345", {})
    assert not signatures.twilio(came, "12346", {})


@pytest.mark.parametrize("name", KINDS)
def test_a_message_is_a_post_once_and_nobody_learns_its_sender(
    asked: Asked, name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for _ in range(2):
            answer = asked.send(name)
            assert answer.status_code == 200, answer.text
    (post,) = asked.log.posts
    assert post.text == "bonsoir #gala"
    assert (post.source, post.author_name) in (("sms", "SMS ··42"), ("mail", "Mail a··"))
    assert post.events == (["gala"] if name == "twilio" else None)
    assert abs(int(post.time) - time.time() * 1_000) < 60_000
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode("latin-1")
    logged = [it.getMessage() for it in caplog.records if it.name not in ("httpx", "httpcore")]
    for said in (repr(post), repr(logged), kept, answer.text):
        for secret in (NUMBER, NUMBER[1:], ADDRESS, "private.example", SECRET):
            assert secret not in said
    assert asked.outcomes(name) == {"taken": 1, "duplicate": 1}


@pytest.mark.parametrize("name", KINDS)
def test_what_its_provider_did_not_send_is_refused_and_not_as_for_ever(asked: Asked, name: str) -> None:
    answer = asked.send(name, key="the-secret-of-someone-else")
    assert (answer.status_code, asked.log.ids) == (401, [])
    assert asked.outcomes(name) == {"unsigned": 1}


@pytest.mark.parametrize("name", KINDS)
def test_while_kafka_is_away_the_provider_comes_again(asked: Asked, name: str) -> None:
    asked.fault = BrokerAwayError("no broker answers")
    answer = asked.send(name)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    asked.fault = None
    assert asked.send(name).status_code == 200
    assert len(asked.log.posts) == 1


@pytest.mark.parametrize("name", [name for name in KINDS if name != "headed"])
def test_what_will_never_be_a_post_never_comes_again(asked: Asked, name: str) -> None:
    answer = asked.send(name, text=" ")
    assert (answer.status_code, asked.log.ids) == (NEVER_AGAIN.get(name, 422), [])
    assert asked.outcomes(name) == {"refused": 1}


@pytest.mark.parametrize(("name", "most"), [("twilio", 2 << 20), ("ovh", 2 << 20), ("mailgun", 17 << 20)])
def test_what_is_too_long_never_comes_again(asked: Asked, name: str, most: int) -> None:
    path = f"/hooks/{name}" + (f"/{SECRET}" if name == "ovh" else "")
    answer = asked.client.post(path, content=b"x" * most, headers={"Content-Type": "application/json"})
    assert answer.status_code == NEVER_AGAIN.get(name, 422)


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'{"data":' + b"[" * 100_000, b"\xff", b"3", b"a=1"])
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "multipart/form-data; boundary=x", ""])
def test_hostile_bodies_are_refused(asked: Asked, body: bytes, kind: str) -> None:
    answer = asked.client.post(f"/hooks/ovh/{SECRET}", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, asked.log.ids) == (422, [])


def test_an_unknown_webhook_is_not_there(asked: Asked) -> None:
    assert asked.client.post("/hooks/nobody", json={}).status_code == 404


def test_twilios_newer_form_ports_and_json_are_known_and_each_is_verified(asked: Asked) -> None:
    assert asked.send("twilio", "m1", port=":443").status_code == 200
    assert asked.send("twilio", "m2", newer=True, key="another-key").status_code == 200
    assert asked.send("twilio", "m3", as_json=True).status_code == 200
    assert asked.send("twilio", "m4", newer=True).status_code == 401  # by the token, where the header names a key
    assert asked.send("twilio", "m5", port=":8443").status_code == 401
    form = {"From": NUMBER, "Body": "x", "MessageSid": "m6"}
    assert asked.client.post("/hooks/twilio", data=form).status_code == 401
    assert len(asked.log.posts) == 3


def test_twilio_is_answered_without_a_reply(asked: Asked) -> None:
    answer = asked.send("twilio")
    assert (answer.headers["content-type"].partition(";")[0], answer.text) == ("text/xml", "<Response/>")


def test_signatures_are_taken_as_long_as_their_provider_sends_again_and_no_longer(asked: Asked) -> None:
    assert asked.send("vonage", "m1", age_s=24 * 3_600).status_code == 200
    assert asked.send("vonage", "m2", age_s=26 * 3_600).status_code == 401
    assert asked.send("vonage", "m3", age_s=-3_600).status_code == 401
    assert asked.send("mailgun", "m4", age_s=8 * 3_600).status_code == 200
    assert asked.send("mailgun", "m5", age_s=10 * 3_600).status_code == 401


def test_a_token_of_mailgun_brings_one_mail(asked: Asked) -> None:
    assert asked.send("mailgun", "m1", token="t").status_code == 200
    assert asked.send("mailgun", "m1", token="t").status_code == 200  # its answer was lost
    assert asked.send("mailgun", "m2", token="t").status_code == 406  # somebody else has seen the token
    assert len(asked.log.posts) == 1


def test_answers_of_machines_and_quotations_are_left_out(asked: Asked) -> None:
    headers = json.dumps([["From", ADDRESS], ["Auto-Submitted", "auto-replied"], ["Message-Id", "<a@x>"]])
    assert asked.send("mailgun", **{"message-headers": headers}).status_code == 406
    headers = json.dumps([["From", ADDRESS], ["Content-Type", "multipart/report; boundary=b"], ["Message-Id", "<b@x>"]])
    assert asked.send("mailgun", **{"message-headers": headers, "token": "b" * 50}).status_code == 406
    text = "oui !\n\nLe lun. 3 janv. 2026 a écrit :\n> Qui vient ?"
    assert asked.send("postmark", "m2", text=text).status_code == 200
    assert [post.text for post in asked.log.posts] == ["oui !"]


def test_fields_in_another_charset_are_read(asked: Asked) -> None:
    assert asked.send("sendgrid", text="où est la fête").status_code == 200
    assert asked.log.texts == ["où est la fête"]
    for encoding in "utf-8", "latin-1":  # a form, as a gateway for SMS writes it
        body = urlencode({"from": ADDRESS, "text": f"été {encoding}"}, encoding=encoding)
        kind = {"X-Secret": SECRET, "Content-Type": "application/x-www-form-urlencoded"}
        assert asked.client.post("/hooks/headed", content=body, headers=kind).status_code == 200
        assert asked.client.get(f"/hooks/headed?{body}1", headers={"X-Secret": SECRET}).status_code == 200
        parts = {"from": (None, ADDRESS.encode()), "text": (None, f"été {encoding} 2".encode(encoding))}
        assert asked.client.post("/hooks/headed", files=parts, headers={"X-Secret": SECRET}).status_code == 200
    said = [f"été {encoding}{end}" for encoding in ("utf-8", "latin-1") for end in ("", "1", " 2")]
    assert asked.log.texts[1:] == said


def _together(asked: Asked, *pieces: dict[str, str]) -> list[int]:
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda one=one: found.append(asked.send("vonage", **one).status_code)) for one in pieces
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def piece(number: int, text: str, total: int = 3) -> dict[str, str]:
    told = {"concat": "true", "concat-ref": "7", "concat-total": str(total), "concat-part": str(number)}
    return {"of": f"p{number}", "text": text} | told


def test_pieces_of_a_long_sms_are_joined_and_answered_when_kafka_has_the_whole(asked: Asked) -> None:
    pieces = [piece(2, "deux "), piece(3, "trois"), piece(1, "un ")]
    assert _together(asked, *pieces) == [200, 200, 200]
    assert asked.log.texts == ["un deux trois"]
    assert _together(asked, *pieces) == [200, 200, 200]  # no answer came to the provider
    assert asked.log.texts == ["un deux trois"]


def test_a_piece_whose_rest_does_not_come_is_shown_as_such(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "PARTS_WITHIN_S", 0.05)
    assert asked.send("vonage", **piece(2, "deux")).status_code == 200
    assert asked.log.texts == ["deux (2/3)"]


def test_where_kafka_does_not_take_the_whole_every_piece_comes_again(asked: Asked) -> None:
    asked.fault = BrokerAwayError("no broker answers")
    pieces = [piece(1, "un ", 2), piece(2, "deux", 2)]
    assert _together(asked, *pieces) == [503, 503]
    asked.fault = None
    assert _together(asked, *pieces) == [200, 200]
    assert asked.log.texts == ["un deux"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('name = "a"\nkind = "twilio"\nsecret = "s"', "set public_url"),
        ('name = "a"\nkind = "vonage"\nsecret = "$NOT_THERE"', "NOT_THERE is not set"),
        ('name = "a"\nkind = "custom"\nsecret = "s"\nfields = { text = "x" }', "where author and text lie"),
        ('name = "a"\nkind = "pigeon"\nsecret = "s"', "kind"),
        ('name = "a"\nkind = "vonage"', "secret"),
    ],
)
def test_a_fault_in_a_webhook_is_told(tmp_path: Path, text: str, part: str) -> None:
    file = tmp_path / "upswell.toml"
    file.write_text(f"[[webhook]]\n{text}\n")
    with pytest.raises(SettingsError, match=part):
        hooks_of(load_settings(file), {})


def test_no_secret_of_a_webhook_is_shown() -> None:
    assert SECRET not in repr(Settings(webhooks=HOOKS)) + repr(HOOKS)
    kinds: set[WebhookKind] = {hook.kind for hook in HOOKS}
    assert kinds == {"custom", *NEVER_AGAIN}
