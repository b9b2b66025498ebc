"""Facts as people read them: why a topic is in a list, what an alert says, why a message did not arrive."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pipeline.text import cut, printable
from pipeline.wording.language import Language, Moment, Place
from schemas.alerts import Alert, Fault
from schemas.trends import WINDOWS, Trend, TrendList, Why

Titles = Mapping[str, str]  # of scopes
UNTITLED: Titles = {}
HALF_A_PERSON = 0.5  # fewer are nobody, rounded
MOST_ALSO = 5  # topics that a row names beside its own
_DAY_MS = 86_400_000


def why_of(why: Why, words: Language) -> str:
    """Why a topic is in a list, in one sentence without the numbers of its score."""
    return words.say("why", **_why(why))


def beside_of(row: Trend, words: Language) -> str:
    """The same of a row beside its number of people: where that is the very number, it is not said again."""
    return words.say("beside", **_why(row.why)) if row.why.people == row.authors else why_of(row.why, words)


def row_text(row: Trend, at: int, words: Language) -> str:
    """What `reason_of` says of a topic in a list that ends at `at` (ms), with its course so far."""
    return reason_of(row, words, "" if row.since is None else words.say("course", **_course(row, row.since, at)))


def reason_of(row: Trend, words: Language, course: str = "", beside: bool = False) -> str:
    """Why a topic is in a list, which topics its people speak of, too, where they are from if that is remarkable, and
    where it looks organised what speaks against it. `beside`: its number of people, which is not said again then.
    Tells no moment: the same for readers anywhere. Safe to show."""
    told, signs = (beside_of(row, words) if beside else why_of(row.why, words)) + course, row.signs
    if row.joined:
        told += words.say("also", also=[printable(one) for one in (row.also or row.joined)[:MOST_ALSO]])
    if row.origins is not None:
        facts = msgspec.structs.asdict(row.origins) | {"usual": row.origins.usual or 0}
        told += words.say("origins", **facts, server="one_server" in row.flags, automatic="bots" in row.flags)
    if signs is None or not signs.suspect:
        return told
    facts = msgspec.structs.asdict(signs)
    against = words.say("suspect", **facts, known=signs.again > 0, withdrawn=row.withdrawn)
    return f"{against}; {told}"


def waits_for(trends: TrendList, words: Language) -> str:
    """What a list still waits for before its scores are worth what they say; empty: nothing."""
    days, wanted = trends.window == "24h", trends.past_wanted
    return words.say("waits", flag=trends.flag, days=days, past=trends.past, wanted=wanted) if trends.flag else ""


def alert_text(alert: Alert, words: Language, titles: Titles = UNTITLED) -> str:
    """What an alert says when it fires, in one sentence; of a digest a sentence for each alert. `titles`: of events and
    watchlists, by their scopes; others are called by their names. Safe to show."""
    why = alert.why
    if alert.kind == "digest":
        return _digest(alert, words, titles)
    if why.note == "test":
        return words["alert.test"]
    return words.say(
        "alert.topic" if alert.topic else "alert.scope",
        kind=alert.kind,
        display=printable(alert.display),
        scope=_place(alert, titles),
        window=WINDOWS[alert.window],
        value=alert.value,
        counted=why.counted or "none",
        since=alert.since,
        why=why_of(why.trend, words) if why.trend else "",
        about=[printable(one.display) for one in why.about],
        names=bool(why.about),
    )


def alert_title(alert: Alert, words: Language, titles: Titles = UNTITLED) -> str:
    """What an alert is about, in a word or two; of a digest how many alerts it tells, and since when. Safe to show."""
    if alert.kind == "digest":
        return words.say("digest.title", count=int(alert.value), since=alert.since)
    if alert.topic:
        return printable(alert.display)
    told = words.of_type("place", _place(alert, titles), "")
    return told[:1].upper() + told[1:]


def fault_text(fault: Fault, words: Language) -> str:
    """Why a receiver did not take a message, without its address or secrets."""
    return words.say(f"fault.{fault.code}", detail=printable(fault.detail, 160))


def _place(alert: Alert, titles: Titles) -> Place:
    return Place(printable(alert.scope), printable(titles.get(alert.scope, ""), 60))


def _digest(digest: Alert, words: Language, titles: Titles) -> str:
    lines = [_line(alert, digest.at, words, titles) for alert in digest.why.alerts]
    more = int(digest.value) - len(lines)
    if more > 0:
        lines.append(words.say("digest.more", count=more))
    return f"{alert_title(digest, words)}{words['language.colon']} {' · '.join(lines)}"


def _line(alert: Alert, due: int, words: Language, titles: Titles) -> str:
    over, peak, height = alert.status == "resolved", alert.peak, ""
    if peak is not None:
        of = words.say(
            "digest.height",
            people=peak.people,
            posts=peak.posts,
            scored=peak.score is not None,
        )
        height = words.say("digest.peak", over=over, of=of, at=_told(peak.at, due))
    return words.say(
        "digest.line",
        at=_clock(alert.fired, due, words),
        rule=alert.rule,
        what=cut(alert_text(alert, words, titles), 160),
        over=over,
        lasted=(alert.at - alert.fired) // 1_000,
        height=height,
    )


def _why(why: Why) -> dict[str, object]:
    return msgspec.structs.asdict(why) | {"note": why.note or "none", "unheard": why.expected < HALF_A_PERSON}


def _course(row: Trend, since: int, at: int) -> dict[str, object]:
    strongest = row.peak.at if row.peak else since
    began, later = _told(since, at), strongest > since
    return {"began": began, "later": later, "strongest": _told(strongest, at), "state": row.state}


def _told(ms: int, due: int) -> Moment:
    """With its day, where it is not one of the day before `due`."""
    return Moment(ms, dated=due - ms >= _DAY_MS)


def _clock(ms: int, due: int, words: Language) -> str:
    """The time of the day, with the day where it is not one of the day before `due`."""
    return words.moment(ms) if _told(ms, due).dated else words.clock(ms)
