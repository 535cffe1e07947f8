"""A file as PyTorch saved it before 1.6, made without PyTorch: the weights of a voice encoder."""

import pickle
import struct
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


class Named:
    """Pickled as a callable of a module that need not be there."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class Storage:
    """Pickled as PyTorch refers to numbers that follow behind the pickles."""

    def __init__(self, key: str, count: int) -> None:
        self.key, self.count = key, count


class Call:
    """Pickled as the call of a callable."""

    def __init__(self, called: Named, arguments: tuple[Any, ...]) -> None:
        self.called, self.arguments = called, arguments

    def __reduce__(self) -> Any:
        return self.called, self.arguments


_OfPython: Any = pickle._Pickler  # noqa: SLF001
"""The pickler whose steps can be overridden."""


class _Pickler(_OfPython):  # type: ignore[misc]
    def persistent_id(self, found: object) -> Any:
        if isinstance(found, Storage):
            kind = Named("torch", "FloatStorage")
            return ("storage", kind, found.key, "cpu", found.count, None)
        return None

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if isinstance(obj, Named):
            self.write(b"c" + f"{obj.module}\n{obj.name}\n".encode())
        elif isinstance(obj, Call):
            self.save(obj.called)
            self.save(obj.arguments)
            self.write(b"R")
        else:
            super().save(obj, save_persistent_id)


def save(path: Path, tensors: "Mapping[str, Floats | Call]", *, extra: object = None) -> None:
    """Write ``tensors`` as the state of a model, beside whatever else is ``extra``."""
    state: OrderedDict[str, Any] = OrderedDict()
    numbers: dict[str, Floats] = {}
    for index, (name, values) in enumerate(tensors.items()):
        if isinstance(values, Call):
            state[name] = values
            continue
        key = str(1000 + index)
        numbers[key] = values
        strides = tuple(step // values.itemsize for step in values.strides)
        storage = Storage(key, values.size)
        hooks: OrderedDict[str, Any] = OrderedDict()
        arguments = (storage, 0, values.shape, strides, False, hooks)
        state[name] = Call(Named("torch._utils", "_rebuild_tensor_v2"), arguments)
    with path.open("wb") as file:
        for value in (MAGIC, PROTOCOL, {"little_endian": True}):
            _dump(value, file)
        _dump({"step": 1, "model_state": state, "optimizer": extra}, file)
        _dump(sorted(numbers), file)
        for key in sorted(numbers):
            file.write(struct.pack("<q", numbers[key].size))
            file.write(numbers[key].astype("<f4").tobytes())


def _dump(value: object, file: BinaryIO) -> None:
    _Pickler(file, 2).dump(value)


def voice_weights(seed: int = 1) -> dict[str, Floats]:
    """Return random weights in the shapes of the real ones."""
    random = np.random.default_rng(seed)

    def made(*shape: int) -> Floats:
        return random.normal(0, 0.1, shape).astype(np.float32)

    weights = {"linear.weight": made(256, 256), "linear.bias": np.abs(made(256))}
    for layer in range(3):
        weights[f"lstm.weight_ih_l{layer}"] = made(1024, 256 if layer else 40)
        weights[f"lstm.weight_hh_l{layer}"] = made(1024, 256)
        weights[f"lstm.bias_ih_l{layer}"] = made(1024)
        weights[f"lstm.bias_hh_l{layer}"] = made(1024)
    return weights
