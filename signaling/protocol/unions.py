"""All commands, and all facts of the log: each subject brings its own."""

from __future__ import annotations

from signaling.protocol.access import AccessCommand, AccessEvent
from signaling.protocol.announcements import AnnouncementCommand, AnnouncementEvent
from signaling.protocol.backstage import BackstageCommand, BackstageEvent
from signaling.protocol.captions import CaptionCommand
from signaling.protocol.chat import ChatCommand, ChatEvent
from signaling.protocol.clock import ClockCommand, ClockEvent
from signaling.protocol.cues import CueCommand, CueEvent
from signaling.protocol.declarations import DeclarationCommand, DeclarationEvent
from signaling.protocol.floor import FloorCommand, FloorEvent
from signaling.protocol.lifecycle import LifecycleCommand, LifecycleEvent
from signaling.protocol.polls import PollCommand, PollEvent
from signaling.protocol.preflight import PreflightCommand, PreflightEvent
from signaling.protocol.questions import QuestionCommand, QuestionEvent
from signaling.protocol.reactions import ReactionCommand
from signaling.protocol.stage import StageCommand, StageEvent

AnyCommand = (
    ChatCommand
    | FloorCommand
    | QuestionCommand
    | StageCommand
    | CueCommand
    | BackstageCommand
    | ClockCommand
    | PreflightCommand
    | PollCommand
    | ReactionCommand
    | CaptionCommand
    | AnnouncementCommand
    | DeclarationCommand
    | LifecycleCommand
    | AccessCommand
)
AnyEvent = (
    LifecycleEvent
    | ChatEvent
    | FloorEvent
    | QuestionEvent
    | StageEvent
    | CueEvent
    | BackstageEvent
    | ClockEvent
    | PreflightEvent
    | PollEvent
    | AnnouncementEvent
    | DeclarationEvent
    | AccessEvent
)
