"""What happens in each session of the day, from the presider's welcome to the last signature."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from signaling.attend import command_id
from signaling.protocol import (
    AddHand,
    AnswerQuestion,
    BeginAnswer,
    BringOn,
    CallHand,
    CloseDeclaration,
    CloseFloor,
    ClosePoll,
    DeleteChat,
    DismissQuestion,
    EndTurn,
    Hand,
    HideQuestion,
    HideSlides,
    LetSpeak,
    LiftSlate,
    MergeQuestion,
    Mute,
    NoteQuestion,
    OpenFloor,
    OrderSpeakers,
    PauseSession,
    PinAnnouncement,
    PostChat,
    PresentDeclaration,
    RaiseHand,
    React,
    ResumeSession,
    RingBell,
    SetRatio,
    ShortlistQuestion,
    ShowPoll,
    ShowQuestion,
    ShowSlate,
    ShowSlides,
    SignDeclaration,
    StartClock,
    StartPreflight,
    Unmute,
    UnpinAnnouncement,
    WithdrawQuestion,
)
from signaling.rehearsal.day import LATE, REPORTER
from signaling.rehearsal.guest import Guest
from signaling.rehearsal.media import RemoteSpeaker, Watcher, speaking, watching
from signaling.rehearsal.sitting import MINUTES, Sitting

Fault = Callable[[Guest], Awaitable[None]]
"""Kills Redis, and returns when it is back; told somebody who hears when the chat is paused."""

START_WITHIN: Final = 120.0
"""Seconds that a speaker's computer, the one that rehearses, has to start: no server is judged by it."""

PICTURE_WITHIN: Final = 30.0
"""Seconds from when somebody publishes until they are seen: a picture is decoded by who rehearses."""

BACK_WITHIN: Final = 10.0
"""Seconds in which all lines are acknowledged once Redis is back."""

STILL: Final = 5.0
"""Seconds that a picture may stand still around Redis's absence. On a quiet machine it does not at all, but
here one process decodes it and is the whole audience, which talks."""

OFF_WITHIN: Final = 2.0
"""Seconds until the producer is told that who had the floor is off; the relay is asked once a second."""


async def opening(s: Sitting) -> None:
    """The presider welcomes, and stays on stage beside three addresses; the audience applauds."""
    await s.moderator.give(PinAnnouncement(command_id(), "Welcome. Phones: scan the code at the door."))
    await s.host()
    for who in s.part.speakers:
        await s.speak(who)
        await asyncio.gather(*(guest.give(React(command_id(), "clap")) for guest in s.audience))
        s.expected.claps += len(s.audience)
        await s.off(s.speakers[who.name])
    await s.moderator.give(UnpinAnnouncement(command_id()))
    await s.off(s.chair)
    producer, told = s.producer, s.expected.claps
    await producer.until(lambda: producer.reactions >= told, "all applause is told")
    s.account.equal(s.part.key, "applause told in sums", told, producer.reactions)
    late = producer.timetable.late // MINUTES if producer.timetable is not None else None
    s.account.equal(s.part.key, "minutes behind the timetable", int(LATE.total_seconds() / 60), late)


async def keynotes(s: Sitting) -> None:
    """Two keynotes on site, one handing over to the other, with slides and two questions from the seats."""
    await s.cut(HideSlides(command_id(), seen=s.stage))
    for number, who in enumerate(s.part.speakers):
        await s.speak(who, hand_over=True)
        if number == 0:
            await s.cut(ShowSlides(command_id(), seen=s.stage))
        asker = s.hall[number % len(s.hall)]
        text = f"Question {number + 1} to the keynotes?"
        question = await s.ask(asker, text, s.house.people[who.name])
        await s.vote(text, s.online)
        await s.moderate(ShowQuestion(command_id(), question), text, "on_screen")
        await s.moderate(BeginAnswer(command_id(), question), text, "answering")
        await s.moderate(AnswerQuestion(command_id(), question), text, "answered")
    await s.off(s.speakers[s.part.speakers[-1].name])
    await s.producer.give(PauseSession(command_id()))
    await s.chatter()
    await s.producer.give(ResumeSession(command_id()))


class Report:
    """A special report by video: the speaker drops out and comes back, and Redis dies and comes back."""

    def __init__(self, redis: Fault | None, preflight: int) -> None:
        self._redis = redis
        self._preflight = preflight

    async def __call__(self, s: Sitting) -> None:
        """Hold it."""
        reporter = s.speakers[REPORTER.name]
        remote = RemoteSpeaker(s.house.server, s.id, s.tokens[reporter.id].token)
        await remote.start()
        try:
            await self._hold(s, reporter, remote)
        finally:
            await remote.drop()

    async def _hold(self, s: Sitting, reporter: Guest, remote: RemoteSpeaker) -> None:
        producer, key = s.producer, s.part.key
        await producer.until_published(reporter.id, "camera", within=START_WITHIN)
        await reporter.give(StartPreflight(command_id(), self._preflight))
        cue = await s.prepare(REPORTER)
        token = s.tokens
        server = s.house.server
        await s.cut(BringOn(command_id(), reporter.id, seen=s.stage))
        await s.chair.give(StartClock(command_id(), cue))
        async with (
            speaking(server, s.id, token[s.desk.id].token, "hall"),
            watching(server, s.id, token[s.screen.id].token) as screen,
            watching(server, s.id, token[s.online[0].id].token) as viewer,
            watching(server, s.id, token[reporter.id].token, "return", videos=0) as back,
        ):
            for name, watcher in (("hall's screen", screen), ("viewer online", viewer)):
                took = await watcher.moves(f"the {name} sees the speaker")
                s.account.within(key, f"picture at the {name}", PICTURE_WITHIN, took)
            took = await back.moves("the speaker hears the hall")
            s.account.within(key, "the hall's sound at the speaker", PICTURE_WITHIN, took)
            await producer.until(lambda: bool(producer.grades.get(cue)), "the pre-flight is graded", 150)
            graded = producer.grades[cue] in ("green", "amber", "red")
            s.account.equal(key, "the speaker's pre-flight is graded", True, graded)
            await s.lasts()
            await self._drop(s, reporter, remote, screen)
            await questions(s)
            await self._restart(s, viewer)
            await floor(s)
            await s.off(reporter)

    async def _drop(self, s: Sitting, reporter: Guest, remote: RemoteSpeaker, screen: Watcher) -> None:
        """Lose the speaker in the middle of a sentence, picture and socket; a slate bridges it."""
        key, producer = s.part.key, s.producer
        await asyncio.gather(remote.drop(), reporter.leave())
        took = await producer.until_published(reporter.id, "camera", on=False)
        s.account.within(key, "the speaker's drop is noticed", 10.0, took)
        await s.cut(ShowSlate(command_id(), "We are reconnecting.", seen=s.stage))
        await s.chatter()
        reporter.back()
        await remote.start()
        await producer.until_published(reporter.id, "camera", within=START_WITHIN)
        began = asyncio.get_running_loop().time()
        await s.cut(LiftSlate(command_id(), seen=s.stage))
        await screen.moves("the speaker is seen again", PICTURE_WITHIN)
        took = asyncio.get_running_loop().time() - began
        s.account.within(key, "the speaker is seen again, on stage as before", PICTURE_WITHIN, took)
        cue = s.house.people[REPORTER.name]
        s.account.equal(key, "the speaker's cue after the drop", "on_air", producer.cues[cue].state)

    async def _restart(self, s: Sitting, viewer: Watcher) -> None:
        """Kill Redis while all talk; nothing acknowledged may be lost, and no picture stand still."""
        if self._redis is None:
            return
        viewer.mark()
        dying: asyncio.Future[None] = asyncio.ensure_future(self._redis(s.producer))
        # All talk at the moment it dies, and on; who gets no answer says the same again.
        while not dying.done():
            await s.chatter()
            await asyncio.wait({dying}, timeout=1.0)
        await dying
        began = asyncio.get_running_loop().time()
        await s.chatter()
        took = asyncio.get_running_loop().time() - began
        s.account.within(s.part.key, "Redis was killed: lines are acknowledged again", BACK_WITHIN, took)
        s.account.within(s.part.key, "Redis was killed: the picture stood still", STILL, viewer.longest)


async def questions(s: Sitting) -> None:
    """Every way a question can go, from a phone in the hall to the screen, with doubles and votes."""
    first, second, third = "What of the second room?", "And the second room?", "Is it recorded?"
    shown = await s.ask(s.hall[0], first, s.house.people[s.part.speakers[0].name])
    double = await s.ask(s.online[0], second)
    await s.vote(first, s.online[:4])
    await s.vote(second, s.online[2:6])
    await s.moderate(MergeQuestion(command_id(), double, shown), second, "merged")
    # Who was for both counts once.
    s.expected.votes[first] = len({guest.id for guest in s.online[:6]})
    await s.moderator.give(NoteQuestion(command_id(), shown, "From the fourth row."))
    await s.moderate(ShortlistQuestion(command_id(), shown), first, "shortlisted")
    await s.moderate(ShowQuestion(command_id(), shown), first, "on_screen")
    await s.moderate(HideQuestion(command_id(), shown), first, "shortlisted")
    await s.moderate(ShowQuestion(command_id(), shown), first, "on_screen")
    await s.moderate(BeginAnswer(command_id(), shown), first, "answering")
    await s.moderate(AnswerQuestion(command_id(), shown), first, "answered")
    refused = await s.ask(s.online[1], "Buy my book!", approve=False)
    await s.moderate(DismissQuestion(command_id(), refused), "Buy my book!", "dismissed")
    taken_back = await s.ask(s.hall[1], third)
    await s.hall[1].give(WithdrawQuestion(command_id(), taken_back))
    s.expected.questions[third] = "withdrawn"
    await s.ask(s.hall[2], "Too late to be taken?", approve=False)
    await s.ask(s.online[3], "One for afterwards?")


async def floor(s: Sitting) -> None:
    """One of the hall at its microphone and one online, called in turn; the one online is put through."""
    key, producer = s.part.key, s.producer
    speaker = s.online[-1]
    await s.moderator.give(OpenFloor(command_id()))
    await s.moderator.give(SetRatio(command_id(), 1, 1))
    await speaker.give(RaiseHand(command_id(), "From far away"))
    await s.desk.give(AddHand(command_id(), "Prof. Fourth Row", "Estrel Academy of Sciences"))
    here: set[bool] = set()
    for _ in range(2):
        await s.moderator.give(CallHand(command_id()))
        called = await _called(s.moderator)
        online = called.person.id == speaker.id
        here.add(online)
        if online:
            async with speaking(s.house.server, s.id, s.tokens[speaker.id].token, "floor"):
                await producer.until_published(speaker.id, "floor")
                await s.moderator.give(LetSpeak(command_id(), called.id))
                await s.lasts(0)
                await s.moderator.give(EndTurn(command_id(), called.id))
                took = await producer.until_published(speaker.id, "floor", on=False)
                s.account.within(key, "off the air when the turn ends", OFF_WITHIN, took)
        else:
            await s.moderator.give(LetSpeak(command_id(), called.id))
            await s.lasts(0)
            await s.moderator.give(EndTurn(command_id(), called.id))
        s.expected.turns += 1
    await s.moderator.give(CloseFloor(command_id()))
    s.account.equal(key, "the floor went to both rooms", {True, False}, here)


async def results(s: Sitting) -> None:
    """The results are released, an award is given, and the audience chooses and rates."""
    await s.host()
    await s.speak(s.part.speakers[0])
    options = ("Entry A", "Entry B", "Entry C")
    ballots = _in_turn((0, 1, 0, 2), s.audience)
    award = await s.poll("Whose is the audience's award?", "single", options, ballots, hidden=True)
    await s.moderator.give(ShowPoll(command_id(), award))
    await s.moderator.give(ClosePoll(command_id(), award))
    await s.off(s.speakers[s.part.speakers[0].name])
    await s.speak(s.part.speakers[1])
    rated = _in_turn((4, 3, 4), s.audience)
    rating = await s.poll("How was the release?", "rating", (), rated)
    await s.moderator.give(ClosePoll(command_id(), rating))
    await s.off(s.speakers[s.part.speakers[1].name])
    await s.off(s.chair)


async def declaration(s: Sitting) -> None:
    """The joint declaration is read out, shown on all screens, and signed by each organisation."""
    await s.host()
    await s.speak(s.part.speakers[0])
    text = "We open both rooms to all who want to learn, and keep what is said in them."
    title, names = "Joint declaration", s.part.guests
    await s.moderator.give(PresentDeclaration(command_id(), title, text, names))
    outsider = await s.online[0].refused(SignDeclaration(command_id()))
    s.account.equal(s.part.key, "who comes for no organisation cannot sign", "not_a_signatory", outsider)
    # All sign in the same moment, each for their own.
    await asyncio.gather(*(guest.give(SignDeclaration(command_id())) for guest in s.guests))
    screen = s.screen
    took = await screen.until(
        lambda: len(screen.signed) == len(names), "the hall's screen has all signatures"
    )
    s.account.equal(s.part.key, "signatures on the hall's screen", len(names), len(screen.signed), took)
    await s.moderator.give(CloseDeclaration(command_id()))
    s.expected.signed = {guest.person.affiliation: guest.id for guest in s.guests}
    await s.off(s.speakers[s.part.speakers[0].name])
    await s.off(s.chair)


async def forum(s: Sitting) -> None:
    """Eight speakers and a chair, each with a clock, one handing over to the next; two cut at once."""
    key = s.part.key
    ids = [s.house.people[who.name] for who in s.part.speakers]
    await s.producer.give(OrderSpeakers(command_id(), tuple(ids)))
    for number, who in enumerate(s.part.speakers):
        await s.speak(who, hand_over=True, lines=1 if number % 4 == 0 else 0)
        if number == 1:
            await s.chair.give(RingBell(command_id(), ids[1]))
            await s.cut(Mute(command_id(), s.speakers[who.name].id, seen=s.stage))
            await s.cut(Unmute(command_id(), s.speakers[who.name].id, seen=s.stage))
        if number == 3:
            text = "What would you do first?"
            question = await s.ask(s.hall[0], text, ids[3])
            await s.vote(text, [*s.hall, *s.online])
            await s.moderate(ShowQuestion(command_id(), question), text, "on_screen")
            await s.moderate(AnswerQuestion(command_id(), question), text, "answered")
        if number == 5:
            await _two_cut_at_once(s)
    # The first line that is deleted is in no book but the audit.
    spoiler = f"Something out of place in the {key}"
    await s.online[0].give(PostChat(command_id(), spoiler))
    rows = (await s.house.export(s.id))["chat"]
    line = next(row["message"] for row in rows if row["text"] == spoiler)
    # What is gone within the frame it would be told in, nobody is told.
    await asyncio.gather(*(guest.hears(line) for guest in s.audience))
    await s.moderator.give(DeleteChat(command_id(), line, "out of place"))
    s.expected.deleted.add(spoiler)
    await s.moderator.give(PostChat(command_id(), "Mind the time.", "backstage"))
    await s.moderator.give(PostChat(command_id(), "One more, then we close.", "moderators"))
    await s.off(s.speakers[s.part.speakers[-1].name])


async def _two_cut_at_once(s: Sitting) -> None:
    """Of the producer and the chair, who both cut on the same stage, one wins and the other is told."""

    stage = s.stage
    codes = await asyncio.gather(
        s.producer.refused(ShowSlate(command_id(), "A short break.", seen=stage)),
        s.chair.refused(ShowSlate(command_id(), "Please wait.", seen=stage)),
    )
    s.account.equal(s.part.key, "two cut at once: one is told", ["", "stage_changed"], sorted(codes))
    producer = s.producer
    await producer.until(lambda: producer.air.version > stage, "the producer has the stage as it is")
    s.stage = producer.air.version
    await s.cut(LiftSlate(command_id(), seen=s.stage))


async def symposium(s: Sitting) -> None:
    """26 institutions who were invited, and others who try to get in."""
    await s.host()
    for number, who in enumerate(s.part.speakers):
        await s.speak(who)
        text = f"What does {who.affiliation} offer?"
        question = await s.ask(s.guests[number], text)
        await s.vote(text, s.guests)
        await s.moderate(ShowQuestion(command_id(), question), text, "on_screen")
        await s.moderate(AnswerQuestion(command_id(), question), text, "answered")
        await s.off(s.speakers[who.name])
    await s.off(s.chair)


async def _called(guest: Guest) -> Hand:
    """Wait until somebody is called to the floor, and return their hand."""
    await guest.until(lambda: bool(guest.floor and guest.floor.called), "somebody is called")
    assert guest.floor is not None and guest.floor.called is not None, "it was waited for"
    return guest.floor.called


def _in_turn(choices: Sequence[int], guests: Sequence[Guest]) -> list[tuple[Guest, tuple[int, ...]]]:
    """Return a ballot for each, the choices in turn."""
    return [(guest, (choices[number % len(choices)],)) for number, guest in enumerate(guests)]


Act = Callable[[Sitting], Awaitable[None]]

ACTS: Final[Mapping[str, Act]] = {
    "opening": opening,
    "keynotes": keynotes,
    "results": results,
    "declaration": declaration,
    "forum": forum,
    "symposium": symposium,
}
"""By the part's key; the report, which has faults, is made by who holds the day."""
