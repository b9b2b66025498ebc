"""Pictures that people in the room send with what they write: who may, what is kept of them, and who sees them."""

from __future__ import annotations

import base64
import io
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from pipeline.moderation.state import content_of
from pipeline.sources import gateway
from pipeline.web import room, room_pictures
from pipeline.web.pictures import PictureError
from pipeline.web.room_pictures import KEPT_S, MOST_SENT_BYTES, RoomPictures
from pipeline.web.run import start_web
from schemas import Post
from tests.sinks.servers import until
from tests.wall.test_room import Asked, on_a_phone
from tests.web.photos import picture

ANN = "web-" + "a" * 32


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    monkeypatch.setattr(gateway, "AWAY_S", 0.0)
    asked = Asked(tmp_path)
    with asked.client:
        asked.client.get("/post/album")
        yield asked


def send(asked: Asked, data: bytes, event: str = "album", **more: Any) -> Any:
    return asked.write(event=event, picture=base64.b64encode(data).decode(), **more)


def located() -> bytes:
    """A picture that says where it was taken."""
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (48.0, 51.0, 29.0)}
    exif[0x010F] = "Camera of Ann"
    return picture(size=(2_000, 1_500), exif=exif)


def test_a_picture_is_kept_drawn_anew_and_the_post_waits_for_a_moderator(asked: Asked, tmp_path: Path) -> None:
    answer = send(asked, located())
    assert (answer.status_code, answer.json()) == (200, {"waits": True})
    (post,) = asked.log.posts
    (medium,) = post.media or ()
    assert re.fullmatch(rf"room:{post.author}/[0-9a-f]{{32}}", medium.url)
    (kept,) = (tmp_path / "room").rglob("*.webp")
    assert kept.stat().st_mode & 0o077 == 0
    with Image.open(kept) as drawn:
        assert (drawn.format, drawn.size, dict(drawn.getexif())) == ("WEBP", (1_280, 960), {})
    assert b"Camera" not in kept.read_bytes()


def test_it_is_seen_once_it_is_approved_and_by_a_path_of_ours(asked: Asked) -> None:
    send(asked, picture())
    (post,) = asked.log.posts
    walls = asked.service.walls
    walls.take([post])
    assert asked.client.get("/api/v1/events/album/wall").json()["posts"] == []
    assert not walls.shows(post, "all")
    walls.decide("album", "post", f"web/{post.id}", "approved", "ann", content_of(post))
    (shown,) = asked.client.get("/api/v1/events/album/wall").json()["posts"]
    (told,) = shown["pictures"]
    answer = asked.client.get(told["path"])
    assert (answer.headers["content-type"], answer.content[:4]) == ("image/webp", b"RIFF")
    other = msgspec.structs.replace(post, media=None)
    assert walls.moderation.queue("album", other) == "shown", "without a picture the wall is not moderated by hand"


@pytest.mark.parametrize("event", ["gala", "quiet"])
def test_where_it_is_not_switched_on_none_is_taken(asked: Asked, event: str, tmp_path: Path) -> None:
    small = picture(size=(8, 8))
    assert send(asked, small, event).status_code == 403
    assert send(asked, os.urandom(20_000), event).status_code == 413
    assert 'type="file"' not in asked.client.get(f"/post/{event}").text
    assert asked.log.ids == []
    assert not (tmp_path / "room").exists()


@pytest.mark.parametrize(
    ("data", "status"),
    [(b"GIF89a no picture", 422), (b"<svg/>", 422), (b"x" * (MOST_SENT_BYTES + 1), 422), (b"x" * 3_000_000, 413)],
)
def test_what_is_no_picture_or_too_large_is_refused(asked: Asked, data: bytes, status: int) -> None:
    assert send(asked, data).status_code == status
    assert asked.write(event="album", picture="no base64!", id="87654321").status_code == 422
    assert asked.log.ids == []


def test_large_bodies_are_read_of_people_whom_we_know_and_few_at_a_time(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "WAITING", 0)
    assert asked.write(event="album").status_code == 200, "a text waits for nobody's picture"
    answer = send(asked, os.urandom(20_000))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    asked.client.cookies.clear()
    assert send(asked, os.urandom(20_000)).status_code == 401


def test_a_picture_sent_again_is_one_file_and_a_full_disk_is_told(asked: Asked, tmp_path: Path) -> None:
    for _ in range(2):
        assert send(asked, picture()).status_code == 200
    assert len(asked.log.posts) == 1
    assert len(list((tmp_path / "room").rglob("*.*"))) == 1
    (author,) = (tmp_path / "room").iterdir()
    for file in author.iterdir():
        file.unlink()
    author.rmdir()
    author.write_bytes(b"in the way")
    answer = send(asked, picture(), id="another-id")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_pictures_go_when_they_are_old_or_too_many_or_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [time.time()]
    kept = RoomPictures(tmp_path, lambda: now[0])

    def put(author: str, colour: int) -> str:
        drawn = io.BytesIO()
        Image.new("RGB", (8, 8), (colour, 0, 0)).save(drawn, "WEBP")
        now[0] += 61
        address = kept._written(author, drawn.getvalue())
        found = RoomPictures(tmp_path)
        assert found.read(address) == drawn.getvalue(), "after a restart, too"
        return address

    def has(address: str) -> bool:
        try:
            return bool(kept.read(address))
        except PictureError:
            return False

    bob = "web-" + "b" * 32
    old, theirs, new = put(ANN, 1), put(bob, 2), put(ANN, 3)
    os.utime(tmp_path / f"{old.removeprefix('room:')}.webp", (0, now[0] - KEPT_S - 100))
    fresh = put(ANN, 4)
    assert [has(it) for it in (old, theirs, new, fresh)] == [False, True, True, True]
    assert kept.forget(bob) == 1
    assert not has(theirs)
    assert [kept.forget(it) for it in (bob, "..", "", "web-x", "../" + ANN)] == [0] * 5
    monkeypatch.setattr(room_pictures, "MOST_KEPT_BYTES", len(kept.read(fresh)) * 3 // 2)
    last = put(bob, 5)
    assert [has(it) for it in (new, fresh, last)] == [False, False, True]
    assert [folder.name for folder in tmp_path.iterdir()] == [bob]


@pytest.mark.parametrize(
    "address", ["room:", "room:../x", f"room:{ANN}/../{'0' * 32}", f"room:{ANN}/{'0' * 32}/x", "x"]
)
def test_no_address_leads_out_of_the_folder(tmp_path: Path, address: str) -> None:
    with pytest.raises(PictureError):
        RoomPictures(tmp_path).read(address)


def test_a_post_of_anybody_with_such_an_address_waits_too(asked: Asked) -> None:
    foreign = Post("1", "eve", "hello", 1, "mastodon", events=["album"], media=[])
    assert asked.service.walls.moderation.queue("album", foreign) == "shown"
    claimed = msgspec.convert({**msgspec.to_builtins(foreign), "media": [{"url": f"room:{ANN}/{'0' * 32}"}]}, Post)
    assert asked.service.walls.moderation.queue("album", claimed) == "waiting"


def test_a_phone_makes_the_picture_small_and_sends_it_when_the_network_is_back(
    browser: Browser, tmp_path: Path
) -> None:
    asked = Asked(tmp_path)
    with start_web(asked.feed, port=0, **asked.parts) as handle:
        context, page = on_a_phone(browser, f"{handle.address}post/album")
        context.set_offline(True)
        page.locator("#text").fill("vu d’ici")
        large = picture("PNG", size=(3_000, 2_000))
        page.locator("#picture").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": large})
        page.get_by_role("button", name="Envoyer").click()
        expect(page.locator("#waiting li")).to_have_text("vu d’ici 🖼")
        context.set_offline(False)
        page.reload()
        expect(page.locator("#status")).to_have_text(
            "Envoyé. Le message s’affiche une fois approuvé par la modération."
        )
        page.locator("#text").fill("pas une image")
        page.locator("#picture").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"})
        page.get_by_role("button", name="Envoyer").click()
        expect(page.locator("#status")).to_have_text("Votre navigateur ne peut pas lire cette image.")
        assert page.locator("#text").input_value() == "pas une image"
        until(lambda: len(asked.log.posts) == 1)
        (kept,) = (tmp_path / "room").rglob("*.webp")
        with Image.open(kept) as drawn:
            assert drawn.size == (1_280, 853)
        context.close()
