"""Sends to the log what would otherwise be printed: warnings and uncaught errors."""

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
    """Send warnings, uncaught errors and Twisted's errors to the log."""
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable
    # Daphne would discard what Twisted logs
    predicate = LogLevelFilterPredicate(defaultLogLevel=LogLevel.error)
    publisher: Any = globalLogPublisher  # Twisted is only partly typed
    make_observer: Any = FilteringLogObserver
    publisher.addObserver(make_observer(STDLibLogObserver(name="twisted"), predicates=[predicate]))


def _uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    logger.critical("uncaught error", exc_info=(kind, error, traceback))


def _uncaught_in_thread(args: Any) -> None:
    if args.exc_type is not SystemExit:
        details = (args.exc_type, args.exc_value, args.exc_traceback)
        logger.error("uncaught error in a thread", exc_info=details)


def _unraisable(args: Any) -> None:
    details = (args.exc_type, args.exc_value, args.exc_traceback)
    logger.error("%s", args.err_msg or "error that could not be raised", exc_info=details)
