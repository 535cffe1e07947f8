"""Reads the tensors out of a file that PyTorch saved, without PyTorch and without running it.

Such a file is a pickle, which may call anything when it is loaded. This reader knows the few
callables that a file of tensors needs, by name, and puts harmless ones of its own in their place;
whatever else a file asks for is refused. It reads the older of the two formats, the one before
PyTorch 1.6: some pickles, then the numbers of each storage.
"""

import io
import pickle
import struct
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
MOST_BYTES = 256 << 20
"""How large a file may be."""
_BROKEN = (
    *(pickle.UnpicklingError, EOFError, KeyError, IndexError, ValueError, TypeError),
    *(AttributeError, MemoryError, struct.error, UnicodeDecodeError),
)
"""What a damaged or forged file makes the reader raise."""


@dataclass(frozen=True, slots=True)
class _Storage:
    """Where the numbers of some tensors are: a storage of the file, by its key."""

    key: str
    count: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A tensor whose numbers come later in the file."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild(storage: _Storage, offset: int, shape: Any, strides: Any, *_: object) -> _Tensor:
    return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


_KNOWN: Mapping[tuple[str, str], Any] = {
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("collections", "OrderedDict"): OrderedDict,
}


class _Reader(pickle.Unpickler):
    """An unpickler that can make values, dicts and descriptions of tensors, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a file of tensors")
        return _KNOWN[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        kind, storage_type, key, _place, count = pid[:5]
        if kind != "storage" or storage_type != np.dtype("<f4") or (len(pid) > 5 and pid[5]):
            raise pickle.UnpicklingError("a storage of another kind")
        return _Storage(str(key), int(count))


def read_tensors(file: BinaryIO, of: str) -> dict[str, Floats]:
    """Return the tensors of the state ``of`` (a key of the saved dict), by their names. Blocks.

    Raises:
        ValueError: it is no such file, is damaged, or asks for anything else.
    """
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError("larger than any model of voices")
    try:
        return _read(io.BytesIO(content), of)
    except _BROKEN as error:
        raise ValueError("no file of tensors") from error


def _read(file: BinaryIO, of: str) -> dict[str, Floats]:
    if (_load(file), _load(file)) != (MAGIC, PROTOCOL):
        raise ValueError
    _load(file)  # how wide the numbers were on the machine that wrote it
    state = _load(file)[of]
    keys = _load(file)
    storages = {str(key): _numbers(file) for key in keys}
    found: dict[str, Floats] = {}
    for name, tensor in state.items():
        if isinstance(tensor, _Tensor):
            found[str(name)] = _filled(tensor, storages[tensor.storage.key])
    return found


def _load(file: BinaryIO) -> Any:
    return _Reader(file).load()


def _numbers(file: BinaryIO) -> Floats:
    (count,) = struct.unpack("<q", file.read(8))
    if count < 0:
        raise ValueError
    content = file.read(4 * count)
    if len(content) < 4 * count:
        raise EOFError
    return np.frombuffer(content, "<f4").astype(np.float32)


def _filled(tensor: _Tensor, numbers: Floats) -> Floats:
    """Return the numbers of a tensor, which may be a view of its storage."""
    steps = zip(tensor.shape, tensor.strides, strict=True)
    last = tensor.offset + sum((length - 1) * stride for length, stride in steps)
    is_within = tensor.offset >= 0 and last < len(numbers) and min(tensor.strides, default=0) >= 0
    if not is_within or min(tensor.shape, default=1) < 1:
        raise ValueError
    view = np.lib.stride_tricks.as_strided(
        numbers[tensor.offset :], tensor.shape, [4 * stride for stride in tensor.strides]
    )
    return np.ascontiguousarray(view)
