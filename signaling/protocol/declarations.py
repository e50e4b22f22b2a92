"""A joint declaration: its text, the organisations that are to sign it, and who has signed for which."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from signaling.protocol.base import Command, Event, Line, Name, Person, Title

DeclarationText = Annotated[str, Meta(min_length=1, max_length=6000)]

Organisations = Annotated[tuple[Name, ...], Meta(min_length=1, max_length=100)]


class Signature(msgspec.Struct, frozen=True):
    """One organisation's, by who signed for it."""

    organisation: str
    person: Person
    at: int


class Declaration(msgspec.Struct, frozen=True):
    """What is signed: `organisations` in their order, `signatures` as given, `open` while more may come.

    `on_screen`: whether the hall reads it now.
    """

    id: str
    title: str
    text: str
    organisations: tuple[str, ...]
    signatures: tuple[Signature, ...]
    open: bool
    at: int
    on_screen: bool = False


class PresentDeclaration(Command, frozen=True, tag="declaration.present"):
    """Put a text before these organisations to be signed, in place of one nobody has signed (moderators).

    Not `open`, it is read first, and signed from `declaration.open` on.
    """

    title: Title
    text: DeclarationText
    organisations: Organisations
    open: bool = True


class OpenDeclaration(Command, frozen=True, tag="declaration.open"):
    """Take signatures from now on (moderators)."""


class SignDeclaration(Command, frozen=True, tag="declaration.sign"):
    """Sign for the organisation that one's own invitation names as affiliation."""


class StrikeSignature(Command, frozen=True, tag="declaration.strike"):
    """Take out an organisation's signature, given by mistake (moderators)."""

    organisation: Name
    reason: Line = ""


class CloseDeclaration(Command, frozen=True, tag="declaration.close"):
    """Take no more signatures (moderators)."""


class ShowDeclaration(Command, frozen=True, tag="declaration.show"):
    """Put it on the hall's screen, with who has signed; what was there leaves (moderators)."""


class HideDeclaration(Command, frozen=True, tag="declaration.hide"):
    """Take it off the hall's screen (moderators)."""


class DeclarationPresented(Event, frozen=True, tag="declaration.presented"):
    """Carries the declaration whole."""

    declaration: Declaration


class DeclarationSigned(Event, frozen=True, tag="declaration.signed"):
    signature: Signature


class SignatureStruck(Event, frozen=True, tag="declaration.struck"):
    organisation: str
    reason: str = ""


class DeclarationClosed(Event, frozen=True, tag="declaration.closed"):
    """No more may sign; what is signed stays."""


class DeclarationOpened(Event, frozen=True, tag="declaration.opened"):
    """Who is asked to may sign."""


class DeclarationShown(Event, frozen=True, tag="declaration.shown"):
    """It is on the hall's screen; a question or a poll that was there is not any more."""


class DeclarationHidden(Event, frozen=True, tag="declaration.hidden"):
    """It is on the hall's screen no more."""


DeclarationCommand = (
    PresentDeclaration
    | OpenDeclaration
    | SignDeclaration
    | StrikeSignature
    | CloseDeclaration
    | ShowDeclaration
    | HideDeclaration
)
DeclarationEvent = (
    DeclarationPresented
    | DeclarationOpened
    | DeclarationSigned
    | SignatureStruck
    | DeclarationClosed
    | DeclarationShown
    | DeclarationHidden
)
