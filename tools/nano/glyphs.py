"""Drawings that come as a font: one glyph for each code point or, as a ligature, for a sequence."""

from pathlib import Path

from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.ttLib import TTFont

COPYRIGHT, LICENCE = 0, 13  # in a font's name table


def font_file(folder: Path):
    """The package's font in its regular weight; None if the package is no font."""
    fonts = sorted(folder.rglob("*.ttf"))
    regular = [path for path in fonts if "Regular" in path.name]
    return (regular or fonts or [None])[0]


def stated(path: Path, what: int):
    """What the font says of itself: LICENCE or COPYRIGHT; None if nothing."""
    return TTFont(path)["name"].getDebugName(what)


class GlyphSet:
    """One artist's font."""

    def __init__(self, path: Path):
        font = TTFont(path)
        self.glyphs, self.of_code = font.getGlyphSet(), font.getBestCmap()
        self.ligatures = {}
        for lookup in font["GSUB"].table.LookupList.Lookup if "GSUB" in font else []:
            for table in lookup.SubTable:
                table = getattr(table, "ExtSubTable", table)
                for first, tails in getattr(table, "ligatures", {}).items():
                    for tail in tails:
                        self.ligatures[(first, *tail.Component)] = tail.LigGlyph

    def glyph(self, hexcode: str):
        """The name of the one glyph that shows the sequence; None if there is none."""
        names = tuple(self.of_code.get(int(point, 16)) for point in hexcode.split("-"))
        return names[0] if len(names) == 1 else self.ligatures.get(names)

    def svg(self, glyph: str) -> str:
        """Black on nothing; empty if nothing is drawn."""
        bounds, path = BoundsPen(self.glyphs), SVGPathPen(self.glyphs)
        self.glyphs[glyph].draw(bounds)
        self.glyphs[glyph].draw(path)
        if bounds.bounds is None:
            return ""
        left, bottom, right, top = bounds.bounds
        side = max(right - left, top - bottom)
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" '
                f'viewBox="{(left + right - side) / 2} {-(top + bottom + side) / 2} {side} {side}">'
                f'<path transform="scale(1 -1)" d="{path.getCommands()}"/></svg>')

    def match(self, classes: dict) -> dict:
        """key of a class -> SVG text, for the classes that the font shows."""
        found = {key: self.glyph(entry["hexcode"]) for key, entry in classes.items()}
        drawn = {key: self.svg(glyph) for key, glyph in found.items() if glyph}
        return {key: svg for key, svg in drawn.items() if svg}
