"""Programmes as iCalendar files: what of them is shown, whatever stands in them, and when they are asked for."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.web.pictures import PictureError
from pipeline.web.schedule import EVERY_S, HOUR_MS, SHOWN, Schedules, Session, sessions_of
from schemas.events import Event, Stage

FETE = Event("fete", stage=Stage(schedule="https://a.example/x.ics"), time_zone="Europe/Paris")


def ms(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp() * 1_000)


def calendar(*sessions: str) -> bytes:
    inside = "\r\n".join(f"BEGIN:VEVENT\r\n{it}\r\nEND:VEVENT" for it in sessions)
    return f"BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VTIMEZONE\r\n{inside}\r\nEND:VCALENDAR\r\n".encode()


@pytest.mark.parametrize(
    ("begin", "start"),
    [
        ("DTSTART:20261205T170000Z", "2026-12-05T17:00Z"),
        ("DTSTART;TZID=America/New_York:20261205T120000", "2026-12-05T17:00Z"),
        ('DTSTART;X-A=1;TZID="Europe/Berlin":20260705T120000', "2026-07-05T10:00Z"),
        ("DTSTART:20261205T180000", "2026-12-05T17:00Z"),  # by the clock of the event
        ("DTSTART;TZID=Romance Standard Time:20261205T180000", "2026-12-05T17:00Z"),  # no name of a zone
    ],
)
def test_a_session_begins_by_the_clock_that_its_time_names(begin: str, start: str) -> None:
    (found,) = sessions_of(calendar(f"{begin}\r\nSUMMARY:a"), "Europe/Paris")
    assert found == Session(ms(start), ms(start) + HOUR_MS, "a", "")


def test_texts_are_unfolded_unescaped_and_made_safe_and_alarms_are_not_the_session() -> None:
    text = (
        "DTSTART:20261205T170000Z\r\nDTEND:20261205T171500Z\r\nBEGIN:VALARM\r\nSUMMARY:no\r\nEND:VALARM\r\n"
        "summary;LANGUAGE=fr:Ouverture\\, la \r\n grande\\nsalle\x1b[31m\r\nLOCATION:Lyon\\; hall A"
    )
    (found,) = sessions_of(calendar(text), "UTC")
    assert (found.title, found.place, found.end - found.start) == (
        "Ouverture, la grande salle\ufffd[31m",
        "Lyon; hall A",
        900_000,
    )


def test_whole_days_cancelled_ones_and_those_without_a_title_or_a_real_moment_are_left_out() -> None:
    left_out = (
        "DTSTART;VALUE=DATE:20261205\r\nSUMMARY:a",
        "DTSTART:20261205T170000Z\r\nSUMMARY:a\r\nSTATUS:CANCELLED",
        "DTSTART:20261205T170000Z",
        "DTSTART:20261305T170000Z\r\nSUMMARY:a",
        "SUMMARY:a",
    )
    later, sooner = (f"DTSTART:202612{day}T170000Z\r\nSUMMARY:{day}" for day in ("09", "07"))
    found = sessions_of(calendar(*left_out, later, sooner), "UTC")
    assert [it.title for it in found] == ["07", "09"]


@given(st.binary(max_size=300), st.lists(st.text(max_size=40), max_size=4))
def test_whatever_stands_there_is_read_or_left_out(data: bytes, lines: list[str]) -> None:
    for one in (data, calendar("\r\n".join(["DTSTART:20261205T170000Z", "SUMMARY:a", *lines]))):
        for session in sessions_of(one, "Nowhere"):
            assert session.end > session.start
            assert session.title.isprintable()


def test_a_programme_is_asked_for_while_it_is_looked_at_and_what_is_known_stays_when_it_cannot_be_had() -> None:
    async def body() -> None:
        now, asked, answers = [0.0], list[str](), [calendar(*(session(n) for n in range(9))), None, b"<html>"]

        async def fetch(url: str) -> bytes:
            asked.append(url)
            answer = answers[len(asked) - 1]
            if answer is None:
                raise PictureError("answered 500")
            return answer

        schedules, begin = Schedules(fetch, lambda: now[0]), ms("2026-12-05T10:00Z")

        async def looked(at_ms: int) -> list[str]:
            schedules.of(FETE, at_ms)
            await asyncio.gather(*schedules._asking)
            return [it.title for it in schedules.of(FETE, at_ms)]

        assert await looked(begin) == ["0", "1", "2", "3"][:SHOWN]
        assert await looked(begin + 2 * HOUR_MS) == ["2", "3", "4", "5"]
        for n in (1, 2):
            now[0] += EVERY_S + 1
            assert await looked(begin) == ["0", "1", "2", "3"]
            assert len(asked) == n + 1
        assert Schedules(fetch).of(Event("bare"), begin) == []

    def session(n: int) -> str:
        return f"DTSTART:20261205T{10 + n}0000Z\r\nSUMMARY:{n}"

    asyncio.run(body())
