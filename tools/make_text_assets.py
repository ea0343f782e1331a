#!/usr/bin/env python3
"""Makes the tokenizer's data files in assets/ from their sources. Run rarely; the results are committed.

Usage: make_text_assets.py bpe_simple_vocab_16e6.txt.gz ASSETS_DIR   (needs the PyPI package ftfy 6.3.1)

bpe_merges.bin         48,894 merges in rank order, each two little-endian uint16 symbol ids
html5_entities.tsv     name (with or without ';'), tab, value as hexadecimal code points; from the HTML standard via html.entities
html5_upper.tsv        upper-cased names that the text repair also knows
code_pages.bin         10 code pages x 128 little-endian uint16: what bytes 0x80-0xFF stand for, 0 = undefined
mojibake_classes.tsv   class name, then ranges of code points in hexadecimal: facts from ftfy 6.3.1
"""
import gzip
import html
import html.entities
import re
import struct
import sys
from pathlib import Path

CODE_PAGES = ["latin-1", "windows-1252", "windows-1251", "windows-1250", "windows-1253",
              "windows-1254", "windows-1257", "iso-8859-2", "macroman", "cp437"]


def byte_symbols():
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [b for b in range(256) if b not in visible]
    return [chr(b) for b in visible] + [chr(256 + n) for n in range(len(hidden))]


def merges(source: Path) -> bytes:
    lines = gzip.open(source, "rt", encoding="utf-8").read().split("\n")[1:48895]
    symbols = byte_symbols()
    ids = {s: i for i, s in enumerate(symbols + [s + "</w>" for s in symbols])}
    out = bytearray()
    for line in lines:
        left, right = line.split()
        out += struct.pack("<HH", ids[left], ids[right])
        assert left + right not in ids, "a symbol is made by two merges"
        ids[left + right] = len(ids)
    return bytes(out)


def points(text: str) -> str:
    return " ".join(f"{ord(c):x}" for c in text)


def entities() -> str:
    return "".join(f"{n}\t{points(v)}\n" for n, v in sorted(html.entities.html5.items()))


def upper_entities() -> str:
    out = []
    for name, value in sorted(html.entities.html5.items()):
        if name.endswith(";") and name == name.lower():
            upper = "&" + name.upper()
            if html.unescape(upper) == upper:
                out.append(f"{name.upper()}\t{points(value.upper())}\n")
    return "".join(out)


def code_pages() -> bytes:
    out = bytearray()
    for name in CODE_PAGES:
        for byte in range(128, 256):
            char = bytes([byte]).decode(name, errors="replace")
            out += struct.pack("<H", 0 if char == "\ufffd" else ord(char))
    return bytes(out)


def ranges(points) -> str:
    out, start, last = [], None, None
    for p in sorted(points):
        if start is not None and p != last + 1:
            out.append((start, last))
            start = None
        start = p if start is None else start
        last = p
    if start is not None:
        out.append((start, last))
    return " ".join(f"{a:x}-{b:x}" for a, b in out)


def classes() -> str:
    from ftfy import badness, chardata
    table = {**badness.MOJIBAKE_CATEGORIES, **chardata.UTF8_CLUES}
    lines = []
    for name, members in table.items():
        pattern = re.compile(f"[{members}]")
        points = [p for p in range(0x110000) if not 0xD800 <= p < 0xE000 and pattern.match(chr(p))]
        lines.append(f"{name}\t{ranges(points)}\n")
    return "".join(lines)


def main():
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    (target / "bpe_merges.bin").write_bytes(merges(source))
    (target / "html5_entities.tsv").write_text(entities(), encoding="utf-8")
    (target / "html5_upper.tsv").write_text(upper_entities(), encoding="utf-8")
    (target / "code_pages.bin").write_bytes(code_pages())
    (target / "mojibake_classes.tsv").write_text(classes(), encoding="utf-8")


if __name__ == "__main__":
    main()
