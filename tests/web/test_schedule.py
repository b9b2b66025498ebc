"""Programmes as iCalendar files: what of them is shown, whatever stands in them, and when they are asked for."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.web.pictures import PictureError
from pipeline.web.programme import HOUR_MS, MOST_BYTES, Session, programme, sessions_of
from pipeline.web.schedule import EVERY_S, SHOWN, Schedules
from schemas.events import Event, Stage

FETE = Event("fete", stage=Stage(schedule="https://a.example/x.ics"), time_zone="Europe/Paris")


def ms(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp() * 1_000)


MORNING = ms("2026-12-05T09:00Z")


def calendar(*sessions: str) -> bytes:
    inside = "\r\n".join(f"BEGIN:VEVENT\r\n{it}\r\nEND:VEVENT" for it in sessions)
    return f"BEGIN:VCALENDAR\r\n{inside}\r\nEND:VCALENDAR\r\n".encode()


def told(*sessions: str, now_ms: int = MORNING) -> list[tuple[int, str]]:
    return [(it.start, it.title) for it in sessions_of(calendar(*sessions), "Europe/Paris", now_ms)]


@pytest.mark.parametrize(
    ("begin", "start"),
    [
        ("DTSTART:20261205T170000Z", "2026-12-05T17:00Z"),
        ("DTSTART;TZID=America/New_York:20261205T120000", "2026-12-05T17:00Z"),
        ('DTSTART;X-A=1;TZID="Europe/Berlin":20261205T180000', "2026-12-05T17:00Z"),
        ("DTSTART:20261205T180000", "2026-12-05T17:00Z"),  # by the clock of the event
        ("DTSTART;TZID=Romance Standard Time:20261205T180000", "2026-12-05T17:00Z"),  # as Windows names it
        ("DTSTART;TZID=Nowhere:20261205T180000", "2026-12-05T17:00Z"),
    ],
)
def test_a_session_begins_by_the_clock_that_its_time_names(begin: str, start: str) -> None:
    (found,) = sessions_of(calendar(f"{begin}\r\nSUMMARY:a"), "Europe/Paris", MORNING)
    assert found == Session(ms(start), ms(start) + HOUR_MS, "a", "")


def test_texts_are_unfolded_unescaped_and_made_safe_and_alarms_are_not_the_session() -> None:
    text = (
        "DTSTART:20261205T170000Z\r\nDTEND:20261205T171500Z\r\nBEGIN:VALARM\r\nSUMMARY:no\r\nEND:VALARM\r\n"
        "summary;LANGUAGE=fr:Ouverture\\, la \r\n grande\\nsalle\x1b[31m\r\nLOCATION:Lyon\\; hall A"
    )
    (found,) = sessions_of(calendar(text), "UTC", MORNING)
    assert (found.title, found.place, found.end - found.start) == (
        "Ouverture, la grande salle\ufffd[31m",
        "Lyon; hall A",
        900_000,
    )


def test_what_is_over_cancelled_or_has_no_title_or_moment_is_left_out_and_the_rest_is_in_order() -> None:
    left_out = (
        "DTSTART:20261205T170000Z\r\nSUMMARY:a\r\nSTATUS:CANCELLED",
        "DTSTART:20261205T170000Z",
        "DTSTART:20261305T170000Z\r\nSUMMARY:a",
        "SUMMARY:a",
        "DTSTART:20261205T070000Z\r\nDTEND:20261205T080000Z\r\nSUMMARY:a",
    )
    later, sooner = (f"DTSTART:202612{day}T170000Z\r\nSUMMARY:{day}" for day in ("09", "07"))
    endless = "DTSTART:20261205T083000Z\r\nSUMMARY:an hour"
    assert [title for _, title in told(*left_out, later, sooner, endless)] == ["an hour", "07", "09"]


def test_what_repeats_is_there_each_time_but_when_it_is_cancelled_left_out_or_moved() -> None:
    daily = "UID:a\r\nDTSTART;TZID=Europe/Paris:20261001T180000\r\nSUMMARY:bal\r\n"
    rule = "RRULE:FREQ=DAILY;UNTIL=20261209T230000Z\r\nEXDATE;TZID=Europe/Paris:20261206T180000"
    moved, gone = (
        f"UID:a\r\nRECURRENCE-ID;TZID=Europe/Paris:2026120{day}T180000\r\n"
        f"DTSTART;TZID=Europe/Paris:2026120{day}T190000\r\nSUMMARY:bal\r\nSTATUS:{status}"
        for day, status in ((7, "CONFIRMED"), (8, "CANCELLED"))
    )
    assert told(daily + rule, moved, gone) == [
        (ms(f"2026-12-{at}Z"), "bal") for at in ("05T17:00", "07T18:00", "09T17:00")
    ]


def test_a_whole_day_lasts_from_midnight_to_midnight_by_the_clock_of_the_event() -> None:
    whole = calendar("DTSTART;VALUE=DATE:20261204\r\nDTEND;VALUE=DATE:20261206\r\nSUMMARY:salon")
    assert sessions_of(whole, "Europe/Paris", MORNING) == [
        Session(ms("2026-12-03T23:00Z"), ms("2026-12-05T23:00Z"), "salon", "", whole_day=True)
    ]
    assert sessions_of(whole, "Europe/Paris", ms("2026-12-05T23:00Z")) == []


def test_a_count_without_end_costs_nothing() -> None:
    endless = "DTSTART:20260101T080000Z\r\nDTEND:20260101T120000Z\r\nSUMMARY:a\r\nRRULE:FREQ=DAILY;COUNT=999999999"
    began = time.process_time()
    assert told(endless)[0] == (ms("2026-12-05T08:00Z"), "a")
    assert time.process_time() - began < 0.5


def test_a_file_that_takes_for_ever_is_broken_or_too_large_costs_the_page_nothing() -> None:
    endless = "DTSTART:19700101T000000Z\r\nSUMMARY:a\r\nRRULE:FREQ=SECONDLY"
    fine = calendar("DTSTART:20261205T170000Z\r\nSUMMARY:a")

    async def body() -> None:
        began = time.process_time()
        assert await programme(calendar(endless), "UTC", MORNING, within_s=0.7) == []
        assert await programme(b"<html>", "UTC", MORNING) == []
        assert await programme(fine + b" " * MOST_BYTES, "UTC", MORNING) == []
        assert time.process_time() - began < 0.2
        assert len(await programme(fine, "UTC", MORNING)) == 1

    asyncio.run(body())


@settings(max_examples=30)
@given(st.lists(st.text(max_size=40), max_size=4))
def test_whatever_stands_there_is_read_or_ends_the_reading(lines: list[str]) -> None:
    with contextlib.suppress(Exception):
        for session in sessions_of(
            calendar("\r\n".join(["DTSTART:20261205T170000Z", "SUMMARY:a", *lines])), "Nowhere", MORNING
        ):
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
