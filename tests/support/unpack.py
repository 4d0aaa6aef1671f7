# SPDX-License-Identifier: LGPL-2.1-or-later
"""Decompressors of the squashfs reader: none of them is the code under test.

zlib and lzma are Python's, lz4 is written here, zstd and lzo come from the system's libraries.
"""
import ctypes
import ctypes.util
import lzma
import zlib

NAMES = {1: "gzip", 2: "lzma", 3: "lzo", 4: "xz", 5: "lz4", 6: "zstd"}


class Unsupported(Exception):
    """This machine has nothing that decompresses the image."""


def _library(name):
    path = ctypes.util.find_library(name)
    if not path:
        raise Unsupported(f"no lib{name} on this machine")
    return ctypes.CDLL(path)


def gzip(data, limit):
    unpacker = zlib.decompressobj()
    out = unpacker.decompress(data, limit + 1)
    assert unpacker.eof and not unpacker.unused_data, "zlib stream of a block is cut or too long"
    return out


def xz(data, _limit):
    unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_XZ)
    out = unpacker.decompress(data)
    assert unpacker.eof and not unpacker.unused_data, "xz stream of a block is cut or too long"
    return out


def lzma_alone(data, _limit):
    return lzma.decompress(data, format=lzma.FORMAT_ALONE)


def lz4(data, limit):
    """One raw LZ4 block."""
    out = bytearray()
    at = 0
    while True:
        token = data[at]
        at += 1
        length = token >> 4
        if length == 15:
            while True:
                length += data[at]
                at += 1
                if data[at - 1] != 255:
                    break
        assert at + length <= len(data), "lz4 literals run past the block"
        out += data[at:at + length]
        at += length
        if at == len(data):
            break
        distance = data[at] | data[at + 1] << 8
        at += 2
        assert 0 < distance <= len(out), "lz4 match before the start"
        length = token & 15
        if length == 15:
            while True:
                length += data[at]
                at += 1
                if data[at - 1] != 255:
                    break
        length += 4
        while length > 0:
            piece = out[-distance:][:length] if distance >= length else out[-distance:]
            out += piece
            length -= len(piece)
        assert len(out) <= limit, "lz4 block is longer than it may be"
    return bytes(out)


def zstd(data, limit):
    lib = _library("zstd")
    lib.ZSTD_decompress.restype = ctypes.c_size_t
    lib.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t,
                                    ctypes.c_char_p, ctypes.c_size_t]
    lib.ZSTD_isError.argtypes = [ctypes.c_size_t]
    out = ctypes.create_string_buffer(limit)
    size = lib.ZSTD_decompress(out, limit, data, len(data))
    assert not lib.ZSTD_isError(size), "zstd frame of a block is damaged"
    return out.raw[:size]


def lzo(data, limit):
    lib = _library("lzo2")
    out = ctypes.create_string_buffer(limit)
    size = ctypes.c_ulong(limit)
    rc = lib.lzo1x_decompress_safe(data, ctypes.c_ulong(len(data)), out, ctypes.byref(size), None)
    assert rc == 0, "lzo block is damaged"
    return out.raw[:size.value]


BY_ID = {1: gzip, 2: lzma_alone, 3: lzo, 4: xz, 5: lz4, 6: zstd}
