import struct
import time
from pathlib import Path

import pytest

from byheart.errors import FormatError
from byheart.models.gguf import converted_gguf
from byheart.models.gguf_header import header_fault

pytest.importorskip("gguf")

_UINT8, _UINT32, _STRING, _ARRAY = 0, 4, 8, 9
_F32, _Q8_0 = 0, 8


def _text(content: bytes) -> bytes:
    return struct.pack("<Q", len(content)) + content


def _key(name: bytes, kind: int, content: bytes) -> bytes:
    return _text(name) + struct.pack("<I", kind) + content


def _array(kind: int, length: int, content: bytes = bytes(8)) -> bytes:
    return _key(b"general.x", _ARRAY, struct.pack("<IQ", kind, length) + content)


def _tensor(shape: tuple[int, ...], kind: int = _F32, offset: int = 0) -> bytes:
    return _text(b"t") + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def _file(path: Path, *keys: bytes, tensors: tuple[bytes, ...] = (), num_data_bytes: int = 0) -> Path:
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join((*keys, *tensors))
    padding = -len(header) % 32 if tensors else 0
    path.write_bytes(header + bytes(padding + num_data_bytes))
    return path


@pytest.mark.parametrize(
    "key",
    [
        _array(_UINT8, 1 << 50),
        _array(_UINT8, 1 << 21),
        _array(_STRING, 1 << 21),
        _array(_STRING, 1, struct.pack("<Q", 1 << 63)),
        _array(_ARRAY, 1, struct.pack("<IQ", _ARRAY, 1) * 1000),
        _array(99, 1),
        _key(b"k", _STRING, struct.pack("<Q", (1 << 64) - 1)),
        _key(b"k", 99, bytes(8)),
        struct.pack("<Q", 1 << 40),
        _key(b"general.alignment", _UINT32, struct.pack("<I", 48)),
        _key(b"general.alignment", _STRING, _text(b"32")),
    ],
)
def test_a_key_that_announces_more_than_there_is_is_damage_found_at_once(key: bytes, tmp_path: Path) -> None:
    path = _file(tmp_path / "evil.gguf", key)
    began = time.monotonic()
    with pytest.raises(FormatError, match="damaged") as caught:
        converted_gguf(path)
    assert caught.value.exit_code == 6
    # Without bounds the first of these takes years; the library of the types is imported meanwhile.
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("tensors", "fault"),
    [
        ((_tensor((8, 8)),), ""),
        ((_tensor((8, 4)), _tensor((8, 4), offset=128)), ""),
        ((_tensor((8, 8), offset=32),), "256 bytes at 32"),
        ((_tensor((1, 1), offset=1 << 63),), "at 9,223,372"),
        ((_tensor((8, 1), offset=4),), "at 4"),
        ((_tensor((1 << 32, 1 << 32, 2)),), "A tensor of"),
        ((_tensor((8, 8)), _tensor((8, 8))), "more bytes than the file"),
        ((_tensor((0, 1 << 62)),), "shape"),
        ((_tensor((1,) * 5),), "5 dimensions"),
        ((_tensor((31,), _Q8_0),), "blocks of 32"),
        ((_tensor((8,), 77),), "unknown type 77"),
    ],
)
def test_tensors_lie_within_the_file_and_share_no_bytes(tensors: tuple[bytes, ...], fault: str, tmp_path: Path) -> None:
    found = header_fault(_file(tmp_path / "x.gguf", tensors=tensors, num_data_bytes=256))
    assert fault in found
    assert bool(found) == bool(fault)


def test_more_elements_than_any_vocabulary_are_not_read(tmp_path: Path) -> None:
    path = _file(tmp_path / "zeros.gguf", _array(_UINT8, (1 << 22) + 1, bytes((1 << 22) + 1)))
    assert "4,194,304 are read" in header_fault(path)
