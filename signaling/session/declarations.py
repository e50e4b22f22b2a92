"""A joint declaration: presented, read out, signed by each organisation once, and closed.

    read out ◀──close── open for signing        signed: by each once, while it is open
        └──────open────────▲                    shown: on the hall's screen, whenever

The law: who signs for an organisation is who was invited for it. What counts is the affiliation that the
token says, which no guest chooses. A text that somebody has signed is not changed any more; one organisation
has one signature, and who signs for another one does not contend.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from signaling.protocol import (
    CloseDeclaration,
    Declaration,
    DeclarationClosed,
    DeclarationCommand,
    DeclarationEvent,
    DeclarationHidden,
    DeclarationOpened,
    DeclarationPresented,
    DeclarationShown,
    DeclarationSigned,
    HideDeclaration,
    OpenDeclaration,
    Person,
    PresentDeclaration,
    ShowDeclaration,
    Signature,
    SignatureStruck,
    SignDeclaration,
    StrikeSignature,
)
from signaling.session import screen
from signaling.session.decision import (
    DECLARATION,
    SCREEN,
    SESSION,
    Decision,
    Outcome,
    Refusal,
    derived_id,
)
from signaling.session.state import State, meet
from signaling.written import line, same, words

NONE = Refusal("no_declaration", "There is no declaration to sign.")
CLOSED = Refusal("declaration_closed", "No signatures are taken now.")
NOT_ASKED = Refusal("not_a_signatory", "Your organisation is not among those that sign.")


def signature_entity(organisation: str) -> str:
    """Name the entity of one organisation's signature."""
    return f"signature:{same(organisation)}"


def decide(state: State, actor: Person, command: DeclarationCommand, *, now: int) -> Outcome:
    """Return what a command on the declaration comes to."""
    match command:
        case PresentDeclaration():
            return present(state, actor, command, now=now)
        case SignDeclaration():
            return sign(state, actor, now=now)
        case StrikeSignature():
            return strike(state, actor, command, now=now)
        case OpenDeclaration() | CloseDeclaration():
            return switch(state, actor, command, now=now)
        case ShowDeclaration() | HideDeclaration():
            return show(state, actor, command, now=now)


def present(state: State, actor: Person, command: PresentDeclaration, *, now: int) -> Outcome:
    """Put a text before organisations, each once, to be signed."""
    title, text = line(command.title), words(command.text)
    named: dict[str, str] = {}
    for name in map(line, command.organisations):
        if name:
            named.setdefault(same(name), name)
    organisations = tuple(named.values())
    if not title or not text or not organisations:
        return Refusal("empty_text", "There is nothing in it.")
    known = state.declaration
    if known is not None and _says(known) == (title, text, organisations, command.open):
        return Decision()
    if known is not None and known.signatures:
        return Refusal("signed_already", "Somebody has signed; the text stays as it is.")
    declaration = Declaration(
        derived_id("d", actor, command),
        title,
        text,
        organisations,
        (),
        open=command.open,
        at=now,
        on_screen=known is not None and known.on_screen,
    )
    event = DeclarationPresented(at=now, by=actor.id, declaration=declaration)
    # Each leans on the other: nobody signs a text that is just being changed, nor changes one just signed.
    signed = () if known is None else tuple(map(signature_entity, known.organisations))
    return Decision((event,), leans_on=(SESSION, *signed), changes=(DECLARATION,))


def sign(state: State, actor: Person, *, now: int) -> Outcome:
    """Sign for the actor's organisation."""
    declaration = state.declaration
    if declaration is None:
        return NONE
    organisation = _organisation(declaration, actor.affiliation)
    if organisation is None:
        return NOT_ASKED
    there = _signature(declaration, organisation)
    if there is not None:
        if there.person.id == actor.id:
            return Decision()
        return Refusal("signed_already", f"{there.person.name} has signed for {organisation}.")
    if not declaration.open:
        return CLOSED
    event = DeclarationSigned(at=now, by=actor.id, signature=Signature(organisation, actor, now))
    return Decision((event,), leans_on=(SESSION, DECLARATION), changes=(signature_entity(organisation),))


def strike(state: State, actor: Person, command: StrikeSignature, *, now: int) -> Outcome:
    """Take a signature out; the organisation may sign again while the declaration is open."""
    declaration = state.declaration
    if declaration is None:
        return NONE
    organisation = _organisation(declaration, command.organisation)
    if organisation is None:
        return Refusal("not_a_signatory", "This organisation is not among those that sign.")
    if _signature(declaration, organisation) is None:
        return Decision()
    event = SignatureStruck(at=now, by=actor.id, organisation=organisation, reason=command.reason)
    return Decision((event,), leans_on=(SESSION, DECLARATION), changes=(signature_entity(organisation),))


def switch(state: State, actor: Person, command: OpenDeclaration | CloseDeclaration, *, now: int) -> Outcome:
    """Take signatures from now on, or no more."""
    declaration = state.declaration
    if declaration is None:
        return NONE
    opens = isinstance(command, OpenDeclaration)
    if declaration.open is opens:
        return Decision()
    event = DeclarationOpened(at=now, by=actor.id) if opens else DeclarationClosed(at=now, by=actor.id)
    return Decision((event,), leans_on=(SESSION,), changes=(DECLARATION,))


def show(state: State, actor: Person, command: ShowDeclaration | HideDeclaration, *, now: int) -> Outcome:
    """Put it on the hall's screen, or take it off."""
    declaration = state.declaration
    if declaration is None:
        return NONE
    shows = isinstance(command, ShowDeclaration)
    if declaration.on_screen is shows:
        return Decision()
    event = DeclarationShown(at=now, by=actor.id) if shows else DeclarationHidden(at=now, by=actor.id)
    left = screen.occupants(state) if shows else ()
    return Decision((event,), leans_on=(SESSION,), changes=(DECLARATION, SCREEN, *left))


# -- what has happened ---------------------------------------------------------------------------------


def fold(state: State, event: DeclarationEvent) -> State:
    """Return the state after an event of the declaration."""
    known = state.declaration
    match event:
        case DeclarationPresented(declaration=declaration):
            for signature in declaration.signatures:
                state = meet(state, signature.person)
            return replace(state, declaration=declaration)
        case DeclarationSigned(signature=signature) if known is not None:
            signed = (*_but(known, signature.organisation), signature)
            declared = msgspec.structs.replace(known, signatures=signed)
            return replace(meet(state, signature.person), declaration=declared)
        case SignatureStruck(organisation=organisation) if known is not None:
            left = msgspec.structs.replace(known, signatures=_but(known, organisation))
            return replace(state, declaration=left)
        case DeclarationOpened() if known is not None:
            return replace(state, declaration=msgspec.structs.replace(known, open=True))
        case DeclarationClosed() if known is not None:
            return replace(state, declaration=msgspec.structs.replace(known, open=False))
        case DeclarationShown() if known is not None:
            shown = msgspec.structs.replace(known, on_screen=True)
            return replace(screen.cleared(state), declaration=shown)
        case DeclarationHidden() if known is not None:
            return replace(state, declaration=msgspec.structs.replace(known, on_screen=False))
        case _:
            return state


def rewrite(state: State, at: int) -> tuple[DeclarationEvent, ...]:
    """Return the events that lead to the declaration of this state."""
    known = state.declaration
    return () if known is None else (DeclarationPresented(at=at, by="system", declaration=known),)


def _says(declaration: Declaration) -> tuple[str, str, tuple[str, ...], bool]:
    """Return what is put before whom, and whether to be signed."""
    return declaration.title, declaration.text, declaration.organisations, declaration.open


def _but(declaration: Declaration, organisation: str) -> tuple[Signature, ...]:
    return tuple(one for one in declaration.signatures if one.organisation != organisation)


def _signature(declaration: Declaration, organisation: str) -> Signature | None:
    return next((one for one in declaration.signatures if one.organisation == organisation), None)


def _organisation(declaration: Declaration, said: str) -> str | None:
    """Return the organisation as the declaration writes it; case and spaces do not matter."""
    wanted = same(said)
    return next((one for one in declaration.organisations if same(one) == wanted), None) if wanted else None
