"""Tells a client how the language model is: that it loads, that it is there, that it is not."""

from sessions_app.core.events import Emit, Notice
from sessions_app.engines.model_condition import READY, RemoteModel


class ModelNews:
    """Has the model behind one session's translator loaded, and tells of it until cancelled."""

    def __init__(self, model: RemoteModel, emit: Emit) -> None:
        self._model = model
        self._emit = emit

    async def run(self) -> None:
        """Tell each condition that is another than the last one told; at first all is well."""
        self._model.warm_up()
        told = READY
        while True:
            told = await self._model.board.after(told)
            fields = {"state": told.state, "message": told.message}
            await self._emit(Notice("language_model", fields))
