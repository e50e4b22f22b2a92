"""Questions: from a viewer's mind, through a moderator, to the hall's screen.

    ask ─▶ pending ─approve─▶ approved ─shortlist─▶ shortlisted ─show─▶ on_screen ─answering─▶ answering
                                 │                      │                  │                      │
                                 └──────────────────────┴─────answered─────┴──────────────────────┴▶ answered

`show` takes an approved one too, `hide` leads from the screen back to the shortlist, `approve` from the
shortlist, from the dismissed and from the merged, `shortlist` from the answered. A question that is not being
answered yet may be dismissed, be withdrawn by its author, or be merged into another one. What was merged
may be withdrawn still; approved, it stands for itself again.

Nobody's question is lost with the one it was merged into: where that is withdrawn, each is again what it was.
A moderator who dismisses one means its doubles as well, which stay merged into it and can be approved each by
itself. Votes are kept by the question they were given for, so whatever is merged and taken apart has its own.

Where nothing is moderated before (`post`), a question begins as approved, unless its author is muted or it
has a word that the chat holds back or refuses: then it waits, too. Neither binds staff.

The law: at most one question is on screen, one that is being answered included; showing another puts the
former back on the shortlist, or among the answered if it was being answered. An illegal step is refused and
changes nothing; a step to where the question is already is no step. A vote is what somebody last said, so
votes never contend; one for a question that was merged counts for the one it was merged into, and each voter
counts once there. Who is no longer for a question is for none of those asked with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import msgspec

from signaling.protocol import (
    Addressee,
    AnswerQuestion,
    ApproveQuestion,
    AskQuestion,
    BeginAnswer,
    DismissQuestion,
    EditQuestion,
    HideQuestion,
    MergeQuestion,
    ModerationSet,
    Note,
    NoteQuestion,
    Person,
    Question,
    QuestionAnswered,
    QuestionAnswering,
    QuestionApproved,
    QuestionAsked,
    QuestionCommand,
    QuestionDismissed,
    QuestionEdited,
    QuestionEvent,
    QuestionHidden,
    QuestionMerged,
    QuestionNoted,
    QuestionShortlisted,
    QuestionShown,
    QuestionState,
    QuestionUnmerged,
    QuestionWithdrawn,
    Role,
    SetModeration,
    ShortlistQuestion,
    ShowQuestion,
    Vote,
    VoteQuestion,
    VotesCast,
    WithdrawQuestion,
)
from signaling.session import screen, word_list
from signaling.session.decision import (
    MODERATION,
    RULES,
    SCREEN,
    SESSION,
    STAFF,
    Decision,
    Outcome,
    Refusal,
    derived_id,
    question_entity,
    voice_entity,
)
from signaling.session.state import ON_SCREEN, State, asked_as, doubles, meet, together
from signaling.written import words

Step = (
    ApproveQuestion
    | ShortlistQuestion
    | ShowQuestion
    | HideQuestion
    | BeginAnswer
    | AnswerQuestion
    | DismissQuestion
    | WithdrawQuestion
)

STEPS: Mapping[type[Step], tuple[frozenset[QuestionState], QuestionState]] = {
    ApproveQuestion: (frozenset({"pending", "shortlisted", "dismissed", "merged"}), "approved"),
    ShortlistQuestion: (frozenset({"approved", "answered"}), "shortlisted"),
    ShowQuestion: (frozenset({"approved", "shortlisted"}), "on_screen"),
    HideQuestion: (frozenset({"on_screen", "answering"}), "shortlisted"),
    BeginAnswer: (frozenset({"on_screen"}), "answering"),
    AnswerQuestion: (frozenset({"approved", "shortlisted", "on_screen", "answering"}), "answered"),
    DismissQuestion: (frozenset({"pending", "approved", "shortlisted", "on_screen"}), "dismissed"),
    WithdrawQuestion: (frozenset({"pending", "approved", "shortlisted", "on_screen", "merged"}), "withdrawn"),
}
"""Command → the states it starts from, and the one it leads to."""

MERGED_FROM: frozenset[QuestionState] = frozenset({"pending", "approved", "shortlisted"})
MERGED_INTO: frozenset[QuestionState] = frozenset(
    {"pending", "approved", "shortlisted", "on_screen", "answering", "answered"}
)
VOTED_FOR: frozenset[QuestionState] = frozenset({"approved", "shortlisted", "on_screen", "answering"})
"""Those a vote counts for: what everybody sees and is not answered yet."""
EDITED = MERGED_INTO

MOST_NOTES = 50
"""Notes beside one question."""

PASS_ON: frozenset[Role] = frozenset({"moderator", "chair", "producer", "owner"})
"""Who may say where a question was asked: they pass on what is asked in the hall."""


def decide(state: State, actor: Person, command: QuestionCommand, *, now: int) -> Outcome:
    """Return what a command on questions comes to."""
    match command:
        case AskQuestion():
            return ask(state, actor, command, now=now, new_id=derived_id("q", actor, command))
        case SetModeration():
            return moderate(state, actor, command, now=now)
        case MergeQuestion():
            return merge(state, actor, command, now=now)
        case EditQuestion():
            return edit(state, actor, command, now=now)
        case NoteQuestion():
            return note(state, actor, command, now=now)
        case VoteQuestion():
            return vote(state, actor, command, now=now)
        case _:
            return step(state, actor, command, now=now)


def fold(state: State, event: QuestionEvent) -> State:
    """Return the state after an event of the questions."""
    match event:
        case QuestionAsked(question=question):
            return _put(meet(state, question.author), question)
        case QuestionApproved(question=question) | QuestionUnmerged(question=question):
            # Notes contend with nothing, so one may have come between the decision and now.
            known = state.questions.get(question.id, question)
            return _put(state, msgspec.structs.replace(question, notes=known.notes))
        case QuestionShown(question=question_id):
            return _turn(screen.cleared(state), question_id, "on_screen")
        case QuestionShortlisted(question=question_id) | QuestionHidden(question=question_id):
            return _turn(state, question_id, "shortlisted")
        case QuestionAnswering(question=question_id):
            return _turn(state, question_id, "answering")
        case QuestionAnswered(question=question_id):
            return _turn(state, question_id, "answered")
        case QuestionDismissed(question=question_id):
            return _turn(state, question_id, "dismissed")
        case QuestionWithdrawn(question=question_id):
            return _turn(state, question_id, "withdrawn")
        case ModerationSet(mode=mode):
            return replace(state, moderation=mode)
        case VotesCast(votes=votes):
            return _count(state, votes)
        case _:
            return _reworked(state, event)


def rewrite(state: State, at: int) -> tuple[QuestionEvent, ...]:
    """Return the events that lead to the questions of this state."""
    asked = tuple(QuestionAsked(at=q.at, by=q.author.id, question=q) for q in state.questions.values())
    votes = tuple(
        Vote(question_id, participant, up=True)
        for question_id, voters in state.votes.items()
        for participant in sorted(voters)
    )
    cast = (VotesCast(at=at, by="system", votes=votes),) if votes else ()
    mode = (ModerationSet(at=at, by="system", mode=state.moderation),) if state.moderation != "pre" else ()
    return (*asked, *cast, *mode)


# -- what is decided -----------------------------------------------------------------------------------


def ask(state: State, actor: Person, command: AskQuestion, *, now: int, new_id: str) -> Outcome:
    """Put a question to the moderators or, where they come after, to everybody."""
    text = words(command.text)
    if not text:
        return Refusal("empty_text", "There is nothing in it.")
    to = None if command.to is None else _addressee(state, command.to)
    if command.to is not None and to is None:
        return Refusal("unknown_participant", "There is no speaker by this id.")
    told = command.source if actor.role in PASS_ON else None
    # A mute or a list of words would be none if what is not taken in the chat were read as a question.
    waits = state.moderation == "pre" or (actor.role not in STAFF and _looked_at(state, actor, text, now))
    question = Question(
        new_id,
        actor,
        text,
        now,
        "pending" if waits else "approved",
        source=told or actor.place,
        to=to,
        anonymous=command.anonymous,
    )
    return Decision(
        (QuestionAsked(at=now, by=actor.id, question=question),),
        leans_on=(SESSION, MODERATION, RULES, voice_entity(actor.id)),
        changes=(question_entity(new_id),),
    )


def step(state: State, actor: Person, command: Step, *, now: int) -> Outcome:
    """Move a question along the table."""
    question = state.questions.get(command.question)
    if question is None:
        return _UNKNOWN
    if isinstance(command, WithdrawQuestion) and question.author.id != actor.id:
        # To whoever cannot see it, it does not exist.
        return Refusal("forbidden", "Only who asked it may take it back.") if _public(question) else _UNKNOWN
    allowed, to = STEPS[type(command)]
    if question.state == to:
        return Decision()
    if question.state not in allowed:
        return _wrong_state(question)
    step = _event(command, question, now=now, by=actor.id)
    touched = _touched(state, command, question)
    if not isinstance(command, WithdrawQuestion) or question.state == "merged":
        return Decision((step,), leans_on=(SESSION,), changes=touched)
    freed = tuple(_merged_into(state, question.id, doubles(state)))
    apart = (_unmerged(one, one.was or "pending", question.id, now=now, by=actor.id) for one in freed)
    changes = (*touched, *(question_entity(one.id) for one in freed))
    return Decision((step, *apart), leans_on=(SESSION,), changes=changes)


def merge(state: State, actor: Person, command: MergeQuestion, *, now: int) -> Outcome:
    """Say that one question is another one's double."""
    question, kept = state.questions.get(command.question), state.questions.get(command.into)
    if question is None or kept is None:
        return _UNKNOWN
    if question.state == "merged" and question.merged_into == kept.id:
        return Decision()
    if question.id == kept.id:
        return Refusal("wrong_state", "A question cannot be merged into itself.")
    if question.state not in MERGED_FROM:
        return _wrong_state(question)
    if kept.state not in MERGED_INTO:
        return _wrong_state(kept)
    return Decision(
        (QuestionMerged(at=now, by=actor.id, question=question.id, into=kept.id),),
        leans_on=(SESSION,),
        # Who takes the other one back at the same moment has to see this one.
        changes=(question_entity(question.id), question_entity(kept.id)),
    )


def edit(state: State, actor: Person, command: EditQuestion, *, now: int) -> Outcome:
    """Change a question's words."""
    question, text = state.questions.get(command.question), words(command.text)
    if question is None:
        return _UNKNOWN
    if not text:
        return Refusal("empty_text", "There is nothing in it.")
    if question.state not in EDITED:
        return _wrong_state(question)
    if question.text == text:
        return Decision()
    return Decision(
        (QuestionEdited(at=now, by=actor.id, question=question.id, text=text),),
        leans_on=(SESSION,),
        changes=(question_entity(question.id),),
    )


def note(state: State, actor: Person, command: NoteQuestion, *, now: int) -> Outcome:
    """Write something beside a question; two notes never contend."""
    question, text = state.questions.get(command.question), words(command.text)
    if question is None:
        return _UNKNOWN
    if not text:
        return Refusal("empty_text", "There is nothing in it.")
    if len(question.notes) >= MOST_NOTES:
        return Refusal("too_many", f"A question has room for {MOST_NOTES} notes.")
    event = QuestionNoted(at=now, by=actor.id, question=question.id, note=Note(actor, text, now))
    return Decision((event,), leans_on=(SESSION,))


def vote(state: State, actor: Person, command: VoteQuestion, *, now: int) -> Outcome:
    """Be for a question, or no longer; said twice it is so once, and no two votes contend."""
    question = asked_as(state, command.question)
    if question is None or not _public(question):
        return _UNKNOWN
    if question.state not in VOTED_FOR:
        return _wrong_state(question)
    cast = Vote(command.question, actor.id, command.up)
    return Decision((VotesCast(at=now, by=actor.id, votes=(cast,)),), leans_on=(SESSION,))


def moderate(state: State, actor: Person, command: SetModeration, *, now: int) -> Outcome:
    """Say whether questions wait for a moderator; those that wait already go on waiting."""
    if state.moderation == command.mode:
        return Decision()
    event = ModerationSet(at=now, by=actor.id, mode=command.mode)
    return Decision((event,), leans_on=(SESSION,), changes=(MODERATION,))


_UNKNOWN = Refusal("unknown_question", "There is no such question.")


def _wrong_state(question: Question) -> Refusal:
    return Refusal("wrong_state", f"The question is {_WORDS[question.state]}.")


_WORDS: Mapping[QuestionState, str] = {
    "pending": "waiting for a moderator",
    "approved": "approved",
    "shortlisted": "on the shortlist",
    "on_screen": "on screen",
    "answering": "being answered",
    "answered": "answered",
    "dismissed": "dismissed",
    "withdrawn": "withdrawn",
    "merged": "merged into another one",
}


def _looked_at(state: State, actor: Person, text: str, now: int) -> bool:
    return state.mute_of(actor.id, now) is not None or word_list.in_any(text, state.chat_words)


def _public(question: Question) -> bool:
    return question.state not in ("pending", "dismissed", "withdrawn", "merged")


def _addressee(state: State, speaker: str) -> Addressee | None:
    """Return a speaker by their id: on stage, seen before, or named by the programme."""
    programme = state.session.programme
    billed = () if programme is None else (*programme.speakers, *programme.chairs)
    named = {billing.id: billing.name for billing in billed}
    named |= {who.id: who.name for who in state.people.values() if who.role in ("speaker", "chair")}
    named |= {who.id: who.name for who in state.stage}
    return Addressee(speaker, named[speaker]) if speaker in named else None


def _event(command: Step, question: Question, *, now: int, by: str) -> QuestionEvent:
    match command:
        case ApproveQuestion() if question.merged_into is not None:
            return _unmerged(question, "approved", question.merged_into, now=now, by=by)
        case ApproveQuestion():
            approved = msgspec.structs.replace(question, state="approved")
            return QuestionApproved(at=now, by=by, question=approved)
        case ShortlistQuestion():
            return QuestionShortlisted(at=now, by=by, question=question.id)
        case ShowQuestion():
            return QuestionShown(at=now, by=by, question=question.id)
        case HideQuestion():
            return QuestionHidden(at=now, by=by, question=question.id)
        case BeginAnswer():
            return QuestionAnswering(at=now, by=by, question=question.id)
        case AnswerQuestion():
            return QuestionAnswered(at=now, by=by, question=question.id)
        case DismissQuestion():
            return QuestionDismissed(at=now, by=by, question=question.id)
        case WithdrawQuestion():
            return QuestionWithdrawn(at=now, by=by, question=question.id)


def _unmerged(question: Question, to: QuestionState, into: str, *, now: int, by: str) -> QuestionUnmerged:
    apart = msgspec.structs.replace(question, state=to, merged_into=None, was=None)
    return QuestionUnmerged(at=now, by=by, question=apart, into=into)


def _merged_into(state: State, question_id: str, merged: Mapping[str, Sequence[str]]) -> Iterator[Question]:
    """Yield what is only asked as this question: its doubles, and those of a double that was withdrawn."""
    for double in map(state.questions.__getitem__, merged.get(question_id, ())):
        if double.state == "merged":
            yield double
        else:
            yield from _merged_into(state, double.id, merged)


def _touched(state: State, command: Step, question: Question) -> tuple[str, ...]:
    """Name what the step changes: the question, the screen if it is involved, and what must leave it."""
    touched = [question_entity(question.id)]
    if isinstance(command, ShowQuestion):
        touched += [SCREEN, *screen.occupants(state)]
    elif question.state in ON_SCREEN:
        touched.append(SCREEN)
    return tuple(touched)


# -- what is folded ------------------------------------------------------------------------------------


def _put(state: State, question: Question) -> State:
    return replace(state, questions=MappingProxyType({**state.questions, question.id: question}))


def _turn(state: State, question_id: str, to: QuestionState) -> State:
    question = state.questions.get(question_id)
    if question is None:
        return state
    return _put(state, msgspec.structs.replace(question, state=to))


def _reworked(state: State, event: QuestionMerged | QuestionEdited | QuestionNoted) -> State:
    question = state.questions.get(event.question)
    if question is None:
        return state
    change = msgspec.structs.replace
    match event:
        case QuestionMerged(into=into):
            return _put(state, change(question, state="merged", merged_into=into, was=question.state))
        case QuestionEdited(text=text):
            first = question.text if question.original is None else question.original
            return _put(state, change(question, text=text, original=None if text == first else first))
        case QuestionNoted(note=new):
            return _put(state, change(question, notes=(*question.notes, new)))


def _count(state: State, votes: Iterable[Vote]) -> State:
    """Take votes in, in order: each for the question it names, or no longer for any that is asked with it."""
    changed: dict[str, set[str]] = {}
    merged: Mapping[str, Sequence[str]] | None = None
    for cast in votes:
        question = asked_as(state, cast.question)
        if question is None:
            continue
        if cast.up:
            _own(state, cast.question, changed).add(cast.participant)
            continue
        merged = doubles(state) if merged is None else merged
        for one in together(question.id, merged):
            if cast.participant in changed.get(one, state.votes.get(one, ())):
                _own(state, one, changed).discard(cast.participant)
    counted = {of: who for of, who in state.votes.items() if of not in changed}
    counted |= {of: frozenset(who) for of, who in changed.items() if who}
    return replace(state, votes=MappingProxyType(counted))


def _own(state: State, question_id: str, changed: dict[str, set[str]]) -> set[str]:
    """Return who is for a question, to be changed: a wave is one question's, so all are copied once."""
    if question_id not in changed:
        changed[question_id] = set(state.votes.get(question_id, ()))
    return changed[question_id]
