"""Writes small ONNX models: the few messages of the format that a recurrent network needs.

ONNX Runtime runs such a network several times faster than NumPy does, on one thread, and without
holding Python's lock.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

IR_VERSION, OPSET = 7, 13
_FLOAT, _INT64 = 1, 7
_AS_INT, _AS_INTS, _AS_STRING = 2, 7, 3
"""The kinds of attributes."""

Attribute = int | str | Sequence[int]


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def tensor(name: str, values: Floats | npt.NDArray[np.int64]) -> bytes:
    """Return a constant of the graph."""
    is_float = values.dtype == np.float32
    content = values.astype("<f4" if is_float else "<i8").tobytes()
    dims = b"".join(_number(1, length) for length in values.shape)
    kind = _FLOAT if is_float else _INT64
    return dims + _number(2, kind) + _text(8, name) + _bytes(9, content)


def node(
    operator: str,
    inputs: Iterable[str],
    outputs: Iterable[str],
    attributes: Mapping[str, Attribute] | None = None,
) -> bytes:
    """Return one step of the graph."""
    return b"".join(
        [
            *(_text(1, name) for name in inputs),
            *(_text(2, name) for name in outputs),
            _text(4, operator),
            *(_bytes(5, _attribute(name, value)) for name, value in (attributes or {}).items()),
        ]
    )


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _AS_INT)
    if isinstance(value, str):
        return _text(1, name) + _text(4, value) + _number(20, _AS_STRING)
    whole = b"".join(_number(8, each) for each in value)
    return _text(1, name) + whole + _number(20, _AS_INTS)


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    """Return the declaration of an input or output; a word stands for any length."""
    dims = (_number(1, length) if isinstance(length, int) else _text(2, length) for length in shape)
    whole = b"".join(_bytes(1, dim) for dim in dims)
    kind = _bytes(1, _number(1, _FLOAT) + _bytes(2, whole))
    return _text(1, name) + _bytes(2, kind)


def model(
    nodes: Iterable[bytes],
    constants: Iterable[bytes],
    given: tuple[str, Sequence[int | str]],
    wanted: tuple[str, Sequence[int | str]],
) -> bytes:
    """Return a model that makes ``wanted`` out of ``given``: each a name and a shape."""
    graph = b"".join(
        [
            *(_bytes(1, each) for each in nodes),
            _text(2, "voice"),
            *(_bytes(5, each) for each in constants),
            _bytes(11, _value(*given)),
            _bytes(12, _value(*wanted)),
        ]
    )
    return _number(1, IR_VERSION) + _bytes(7, graph) + _bytes(8, _number(2, OPSET))
