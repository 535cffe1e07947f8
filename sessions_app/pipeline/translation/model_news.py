"""Tells a client how the language model is: that it loads, that it is there, that it is not."""

from sessions_app.core.events import Emit, Notice
from sessions_app.engines.model_condition import READY, HasModel


class ModelNews:
    """Has the model of one session's translator loaded, and tells of it until cancelled."""

    def __init__(self, translator: HasModel, emit: Emit) -> None:
        self._translator = translator
        self._emit = emit

    async def run(self) -> None:
        """Tell each condition that is another than the last one told; at first all is well."""
        self._translator.warm_up()
        told = READY
        while True:
            told = await self._translator.board.after(told)
            fields = {"state": told.state, "message": told.message}
            await self._emit(Notice("language_model", fields))
