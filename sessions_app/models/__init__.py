"""The tables of what was said, recorded and configured; no rules beyond their constraints.

A table belongs here, in the file of its subject. What reads or writes rows does not: see
``store``, and the admin.
"""

from sessions_app.models.conversations import Conversation as Conversation
from sessions_app.models.conversations import Exchange as Exchange
from sessions_app.models.conversations import SessionState as SessionState
from sessions_app.models.conversations import Speaker as Speaker
from sessions_app.models.conversations import TranslationSession as TranslationSession
from sessions_app.models.deletions import DeletedSound as DeletedSound
from sessions_app.models.engine_settings import EngineSetting as EngineSetting
from sessions_app.models.idioms import IdiomPattern as IdiomPattern
from sessions_app.models.logins import LoginDelay as LoginDelay
from sessions_app.models.recordings import CatchUpState as CatchUpState
from sessions_app.models.recordings import RecordedSegment as RecordedSegment
from sessions_app.models.recordings import Recording as Recording
from sessions_app.models.recordings import RecordingState as RecordingState
from sessions_app.models.resumptions import Resumption as Resumption
from sessions_app.models.servers import Server as Server
from sessions_app.models.tickets import WatchTicket as WatchTicket
