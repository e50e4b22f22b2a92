"""All commands, and all facts of the log: each subject brings its own."""

from __future__ import annotations

from signaling.protocol.access import AccessCommand, AccessEvent
from signaling.protocol.chat import ChatCommand, ChatEvent
from signaling.protocol.cues import CueCommand, CueEvent
from signaling.protocol.lifecycle import LifecycleCommand, LifecycleEvent
from signaling.protocol.questions import QuestionCommand, QuestionEvent
from signaling.protocol.stage import StageCommand, StageEvent

AnyCommand = ChatCommand | QuestionCommand | StageCommand | CueCommand | LifecycleCommand | AccessCommand
AnyEvent = LifecycleEvent | ChatEvent | QuestionEvent | StageEvent | CueEvent | AccessEvent
