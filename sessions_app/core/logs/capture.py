"""Whatever the process would print by another way than the log goes through the log."""

import logging
import sys
import threading
from types import TracebackType
from typing import Any

from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    STDLibLogObserver,
    globalLogPublisher,
)

logger = logging.getLogger(__name__)


def capture() -> None:
    """Let warnings, what nobody caught, and Twisted's troubles be lines of the log."""
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable
    # Daphne would leave what Twisted has to say unheard
    worth = LogLevelFilterPredicate(defaultLogLevel=LogLevel.error)
    publisher: Any = globalLogPublisher  # half of Twisted has types
    make_observer: Any = FilteringLogObserver
    publisher.addObserver(make_observer(STDLibLogObserver(name="twisted"), predicates=[worth]))


def _uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    logger.critical("nobody caught an error", exc_info=(kind, error, traceback))


def _uncaught_in_thread(args: Any) -> None:
    if args.exc_type is not SystemExit:
        details = (args.exc_type, args.exc_value, args.exc_traceback)
        logger.error("a thread died of an error", exc_info=details)


def _unraisable(args: Any) -> None:
    details = (args.exc_type, args.exc_value, args.exc_traceback)
    logger.error("%s", args.err_msg or "an error that nobody could be told of", exc_info=details)
