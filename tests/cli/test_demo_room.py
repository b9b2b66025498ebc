"""Who looks at the demo writes to its wall, and is counted among those of the evening."""

from __future__ import annotations

import httpx

from pipeline.cli import demo
from tests.sinks.servers import until

SAID = {"id": "0123456789", "text": "Je suis dans la salle #SalleComble", "name": "Zoé"}


def test_what_is_written_in_the_room_is_on_the_wall_at_the_evenings_time_and_counts_once() -> None:
    show = demo._Demo(60.0, 1, 1_795_948_200_000)
    with show.page(0), httpx.Client(base_url=show.address) as client:
        assert 'href="/post/capcomnet"' in client.get("/events/capcomnet/wall").text
        assert "/post/" not in client.get("/screen/capcomnet").text  # there is no code to scan of this machine
        assert 'id="write"' in client.get("/post/capcomnet").text
        for _ in range(2):
            assert client.post("/api/v1/events/capcomnet/posts", json=SAID).json() == {"waits": False}
        until(lambda: "SalleComble" in client.get("/events/capcomnet/wall").text)
        assert show.room is not None
        (post,) = show.room.taken()
        assert (post.text, post.author_name, post.time, post.events) == (
            SAID["text"], "Zoé", show.opens_ms, ["capcomnet"],
        )  # fmt: skip
        assert show.room.taken() == []
        assert client.post("/api/v1/events/paris20/posts", json=SAID).status_code == 403
