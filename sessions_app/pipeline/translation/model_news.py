"""Tells a client the condition of the language model: it is loading, ready, or down."""

from sessions_app.core.events import Emit, Notice
from sessions_app.engines.model_condition import READY, RemoteModel


class ModelNews:
    """Has the model behind one session's translator loaded, and reports until cancelled."""

    def __init__(self, model: RemoteModel, emit: Emit) -> None:
        self._model = model
        self._emit = emit

    async def run(self) -> None:
        """Send each condition that differs from the last one sent; initially it is ready."""
        self._model.warm_up()
        told = READY
        while True:
            told = await self._model.board.after(told)
            fields = {"state": told.state, "message": told.message}
            await self._emit(Notice("language_model", fields))
