#!/usr/bin/python3
"""Tests of make_shards.py, offline: tiny icon sets and fonts laid where the packages would be."""

import contextlib
import csv
import io
import json
import os
import shutil
import sys
import tarfile
import tempfile
import unittest
import unittest.mock
from pathlib import Path

try:
    import cairo  # noqa: F401
    import gi
    import gi._gi_cairo  # noqa: F401
    import numpy as np
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from PIL import Image
    gi.require_version("Rsvg", "2.0")
except (ImportError, ValueError) as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

sys.path.insert(0, str(Path(__file__).resolve().parent))
import drawing  # noqa: E402
import glyphs  # noqa: E402
import icons  # noqa: E402
import make_shards  # noqa: E402
import packages  # noqa: E402

LABELS = ["dog face", "cat", "red apple", "upwards button", "UP! button", "keycap: #", "keycap: *",
          "piñata", "car", "house", "key", "tree", "left arrow", "right arrow", "mouse"]
FONTS = {"notolines", "symbola"}
FLAG = "flag: Nowhere"


def hexcode(index):
    return f"{0x1F600 + index:X}"


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def lay_words(folder):
    write(folder("emojibase-data") / "en/messages.json", {
        "groups": [{"key": "objects", "message": "objects", "order": 0},
                   {"key": "flags", "message": "flags", "order": 1}],
        "subgroups": [{"key": "thing", "message": "things", "order": 0}]})
    write(folder("emojibase-data") / "en/data.json", [
        {"label": label, "hexcode": hexcode(i), "emoji": chr(0x1F600 + i), "tags": ["one", "two"],
         "group": int(label == FLAG), "subgroup": 0} for i, label in enumerate([*LABELS, FLAG])])
    write(folder("emojilib") / "dist/emoji-en-US.json", {chr(0x1F600): ["woof_woof", "pet"]})


def lay_icons(folder, licence, colour, by_code):
    body = '<rect x="2" y="4" width="{}" height="9" fill="{}"/>'
    drawn = {icons.slug(label): {"body": body.format(3 + i % 10, colour)}
             for i, label in enumerate([*LABELS, FLAG])
             if label not in ("right arrow", "UP! button")}
    aliases = {"right-arrow": {"parent": "left-arrow", "hFlip": True},
               "up-button": {"parent": "upwards-button"}}
    write(folder / "icons.json", {"icons": drawn, "aliases": aliases, "width": 16, "height": 16})
    write(folder / "info.json", {"license": {"spdx": licence}, "author": {"name": "A", "url": "u"}})
    if by_code:
        write(folder / "chars.json", {hexcode(i).lower(): icons.slug(label)
                                      for i, label in enumerate([*LABELS, FLAG])
                                      if label != "UP! button"})


def lay_font(path, points, licence, features=""):
    """A font whose glyph of a code point is a square, g0, g1, …; and `pair`, a wide box, and `blank`."""
    def box(width):
        pen = TTGlyphPen(None)
        for i, corner in enumerate([(0, 0), (0, 500), (width, 500), (width, 0)][:4 if width else 0]):
            (pen.lineTo if i else pen.moveTo)(corner)
        if width:
            pen.closePath()
        return pen.glyph()
    names = [".notdef", *(f"g{i}" for i in range(len(points))), "pair", "blank"]
    font = FontBuilder(1000)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({point: f"g{i}" for i, point in enumerate(points)} | {0x20: "blank"})
    font.setupGlyf({n: box(0 if n == "blank" else 1000 if n == "pair" else 500) for n in names})
    font.setupHorizontalMetrics({n: (500, 0) for n in names})
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"licenseDescription": licence})
    font.setupOS2()
    font.setupPost()
    if features:
        font.addOpenTypeFeatures(features)
    path.parent.mkdir(parents=True, exist_ok=True)
    font.save(path)


def lay_cache(cache):
    """Every package in its place: icons of two colours, one with a table of code points, and fonts."""
    def folder(name):
        version = next(v for n, v, _, _ in packages.PACKAGES if n == name)
        return cache / f"{name.lstrip('@').replace('/', '-')}-{version}" / "package"
    lay_words(folder)
    for name, version, licence, artist in packages.PACKAGES:
        write(folder(name) / "package.json", {"name": name, "version": version, "license": licence})
        if artist in FONTS:
            lay_font(folder(name) / "X-Regular.ttf", [0x1F600 + i for i, label in enumerate(LABELS)
                                                      if label != "UP! button"], licence)
        elif artist:
            by_code = artist not in ("emojione", "fxemoji", *make_shards.ICONS)
            lay_icons(folder(name), licence, "#c22" if by_code else "#22c", by_code)
        if artist == "mdi":
            write(folder(name) / "chars.json", {"f101": "cat", "f102": "car"})
    return folder


def run(cache, out, *options):
    with contextlib.redirect_stderr(io.StringIO()) as log:
        make_shards.main(["--cache", str(cache), "--out", str(out), "--size", "32",
                          "--compositions", "2", *options])
    return log.getvalue()


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*"))
            if p.is_file()}


def samples(folder):
    found = {}
    for shard in sorted(folder.glob("*.tar")):
        with tarfile.open(shard) as archive:
            for member in archive:
                key, extension = member.name.split(".", 1)
                found.setdefault(key, {})[extension] = archive.extractfile(member).read()
    return found


class MakeShards(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.root = Path(cls.temporary.name)
        cls.folder = staticmethod(lay_cache(cls.root / "cache"))
        cls.log = run(cls.root / "cache", cls.root / "out")
        cls.splits = {s: samples(cls.root / "out" / s)
                      for s in ("train", "select", "heldout", "heldout_margins")}

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def test_same_bytes_again_and_nothing_done_twice(self):
        lay_cache(self.root / "cache2")
        run(self.root / "cache2", self.root / "again")
        self.assertEqual(files(self.root / "out"), files(self.root / "again"))
        self.assertEqual(run(self.root / "cache2", self.root / "again").count("done before"), 4)
        run(self.root / "cache2", self.root / "again", "--seed", "2")
        train = samples(self.root / "again" / "train")
        self.assertEqual(set(train), set(self.splits["train"]))
        self.assertNotEqual(train, self.splits["train"])

    def test_splits_share_nothing(self):
        about = {split: [json.loads(s["json"]) for s in found.values()]
                 for split, found in self.splits.items()}
        pictures = {split: {(a["artist"], a["slug"]) for a in found}
                    for split, found in about.items()}
        self.assertEqual({a["artist"] for a in about["heldout"]}, {"openmoji"})
        self.assertEqual({a["artist"] for a in about["select"]}, {"twemoji"})
        self.assertNotIn("openmoji", {a["artist"] for a in about["train"]})
        self.assertFalse(pictures["train"] & pictures["select"])
        self.assertTrue(any(artist == "twemoji" for artist, _ in pictures["train"]))
        self.assertEqual(len(self.splits["train"]), 2 * len(pictures["train"]))
        self.assertEqual(len(self.splits["select"]), len(pictures["select"]))

    def test_margins_are_the_artists_own(self):
        cropped, own = self.splits["heldout"], self.splits["heldout_margins"]
        self.assertEqual({k: s["txt"] for k, s in cropped.items()}, {k: s["txt"] for k, s in own.items()})

        def drawn(sample):  # the share of the picture that is not white
            image = np.asarray(Image.open(io.BytesIO(sample["png"])).convert("L"))
            return (image < 250).mean()
        # 3 to 12 of 16 units wide and 9 high in the file; cropped, the longer side fills the frame.
        for key, sample in own.items():
            self.assertLess(drawn(sample), drawn(cropped[key]), key)

    def test_samples_are_whole(self):
        for split, found in self.splits.items():
            for key, sample in found.items():
                self.assertEqual(set(sample), {"png", "txt", "syn.json", "json"}, key)
                about = json.loads(sample["json"])
                self.assertEqual(set(about), {"artist", "slug", "label", "group"})
                self.assertEqual(sample["txt"].decode(), about["label"])
                self.assertTrue(key.startswith(f"{about['artist']}-{about['slug']}-"))
                texts = json.loads(sample["syn.json"])["syn_text"]
                self.assertGreaterEqual(len(set(texts)), 5, key)
                self.assertTrue(all(t == t.lower() and len(t.split()) <= 12 for t in texts))
            with open(self.root / "out" / split / "index.csv", newline="") as file:
                self.assertEqual({r["key"]: r["label"] for r in csv.DictReader(file)},
                                 {k: s["txt"].decode() for k, s in found.items()})
            self.assertEqual((self.root / "out" / split / "classes.txt").read_text().splitlines(),
                             sorted({s["txt"].decode() for s in found.values()}))

    def test_icons_are_matched_to_what_they_show(self):
        _, classes, artists = make_shards.read_artists(self.root / "cache")
        self.assertLess(make_shards.ICONS | make_shards.UNCOLOURED, set(artists))
        self.assertNotIn(make_shards.HELD_OUT, {make_shards.PALETTE, *icons.NAME_TABLES})
        self.assertEqual(len(classes), len(LABELS))
        self.assertNotIn(icons.squash(FLAG), classes)
        self.assertEqual(len({e["slug"] for e in classes.values()}), len(LABELS))
        for artist, drawn in artists.items():
            misread = {"mouse"} if artist in make_shards.ICONS else set()
            self.assertEqual(set(drawn), set(classes) - {"upbutton"} - misread, artist)
            self.assertIn("scale(1 -1)" if artist in FONTS else "scale(-1 1)", drawn["rightarrow"].svg)
            colours = artists[make_shards.PALETTE]["cat"].svg if artist in make_shards.UNCOLOURED else ""
            self.assertEqual(drawn["cat"].colours, colours, artist)

    def test_only_one_artist(self):
        run(self.root / "cache", self.root / "one", "--only-artist", "fxemoji")
        keys = samples(self.root / "one" / "train")
        self.assertTrue(keys and all(k.startswith("fxemoji-") for k in keys))
        self.assertFalse(samples(self.root / "one" / "heldout"))

    def test_another_licence_stops_it(self):
        for number, name in enumerate(["@iconify-json/noto", "emojilib"]):
            folder = lay_cache(self.root / f"other{number}")
            file = folder(name) / ("info.json" if name.startswith("@") else "package.json")
            write(file, {"license": {"spdx": "GPL-3.0"} if name.startswith("@") else "GPL-3.0",
                         "author": {"name": "A"}, "version": "1"})
            with self.assertRaisesRegex(SystemExit, f"{name} .*GPL-3.0"):
                run(self.root / f"other{number}", self.root / "stopped")
            self.assertFalse((self.root / "stopped" / "train").exists())
        folder = lay_cache(self.root / "other_font")
        lay_font(folder("fonts-symbola") / "X-Regular.ttf", [0x1F600], "All rights reserved")
        with self.assertRaisesRegex(SystemExit, "fonts-symbola .*All rights reserved"):
            run(self.root / "other_font", self.root / "stopped")

    def test_a_package_that_cannot_be_had_is_named(self):
        for name, program in [("emojilib", "npm"), ("fonts-symbola", "apt-get")]:
            folder = lay_cache(self.root / f"without-{name}")
            shutil.rmtree(folder(name))
            fake = self.root / "programs" / program
            fake.parent.mkdir(exist_ok=True)
            fake.write_text("#!/bin/sh\necho W: root >&2\necho no network >&2\necho more >&2\nexit 1\n")
            fake.chmod(0o755)
            with unittest.mock.patch.dict(os.environ, {"PATH": f"{fake.parent}:{os.environ['PATH']}"}):
                with self.assertRaisesRegex(SystemExit, f"{program} .*{name}.*: no network"):
                    run(self.root / f"without-{name}", self.root / "stopped")

    def test_drawings_in_black_are_painted(self):
        own = {(a["artist"], a["label"]): np.load(next((self.root / "cache/drawings").glob(
            f"*/{a['artist']}/{icons.squash(a['label'])}-*.npy")))
            for a in (json.loads(s["json"]) for s in self.splits["train"].values())}
        for artist in [*FONTS, "tabler"]:  # black or blue without, in the red of Noto's box with
            red = own[artist, "cat"][own[artist, "cat"][..., 3] > 250][:, :3].mean(0)
            np.testing.assert_allclose(red, [0xcc, 0x22, 0x22], atol=3)


class GlyphTest(unittest.TestCase):
    def test_code_points_sequences_and_what_is_not_there(self):
        with tempfile.TemporaryDirectory() as folder:
            lay_font(Path(folder) / "Y-Bold.ttf", [0x1F3F3], "no")
            lay_font(Path(folder) / "X-Regular.ttf", [0x1F468, 0x200D, 0x1F373], "free",
                     "feature ccmp { sub g0 g1 g2 by pair; } ccmp;")
            path = glyphs.font_file(Path(folder))
            self.assertEqual(glyphs.stated(path, glyphs.LICENCE), "free")
            self.assertIsNone(glyphs.font_file(Path(folder) / "none"))
            font = glyphs.GlyphSet(path)
            for hexcode, name in [("1F468", "g0"), ("1F468-200D-1F373", "pair"), ("1F373", "g2"),
                                  ("1F468-1F373", None), ("1F3F3", None), ("1F468-1F3F3", None)]:
                self.assertEqual(font.glyph(hexcode), name, hexcode)
            drawn = font.match({c: {"hexcode": c} for c in ("1F468", "1F468-200D-1F373", "20", "1F3F3")})
            self.assertEqual(set(drawn), {"1F468", "1F468-200D-1F373"})
            for hexcode, height in [("1F468", 40), ("1F468-200D-1F373", 20)]:  # as high as wide; half
                alpha = drawing.rasterise(drawn[hexcode], 40)[..., 3]
                self.assertEqual(((alpha > 0).any(1).sum(), (alpha > 0).any(0).sum()), (height, 40))
                np.testing.assert_array_equal(alpha, alpha[::-1])


class ColouredTest(unittest.TestCase):
    """A ring of ink around a dot, painted from a picture whose left half is green and right half nothing."""

    def setUp(self):
        y, x = np.mgrid[0:160, 0:160] - 79.5
        self.radius, self.x = np.hypot(x, y), x
        ink = ((self.radius > 66) & (self.radius < 70)) | (self.radius < 20)
        self.lines = np.zeros((160, 160, 4), np.uint8)
        self.lines[ink, 3] = 255
        self.green = np.zeros((160, 160, 4), np.uint8)
        self.green[x < 0] = (10, 200, 30, 255)

    def test_areas_are_the_connected_parts(self):
        mask = np.zeros((30, 30), bool)
        mask[3:8, 3:8] = mask[3, 8:12] = mask[20:22, 20:29] = mask[22, 29] = True  # corners do not touch
        areas = list(drawing.areas(mask))
        self.assertEqual(sorted(a.sum() for a in areas), [1, 18, 29])
        np.testing.assert_array_equal(sum(a.astype(int) for a in areas), mask)
        self.assertEqual(list(drawing.areas(np.zeros((5, 5), bool))), [])

    def test_what_is_enclosed_or_thick_is_painted(self):
        painted = drawing.coloured(self.lines, self.green)
        self.assertEqual((painted.dtype, painted.shape), (np.uint8, self.lines.shape))
        self.assertFalse(painted[self.radius > 72].any())
        for part in (self.radius < 17, (self.radius > 23) & (self.radius < 64)):
            self.assertTrue((painted[part] == (10, 200, 30, 255)).all())
        line = (self.radius > 67) & (self.radius < 69)
        self.assertTrue((painted[line] == (0, 0, 0, 255)).all())

    def test_white_where_the_other_drawing_has_less_than_a_quarter(self):
        dot = self.radius < 17
        for left_of, colour in [(-12, (255, 255, 255, 255)), (-6, (10, 200, 30, 255))]:
            self.green[:] = 0
            self.green[self.x < left_of] = (10, 200, 30, 255)
            share = (self.x < left_of)[self.radius < 20].mean()
            self.assertEqual(share < 0.25, colour[0] == 255)
            self.assertTrue((drawing.coloured(self.lines, self.green)[dot] == colour).all(), share)

    def test_no_drawing(self):
        nothing = np.zeros((160, 160, 4), np.uint8)
        self.assertFalse(drawing.coloured(nothing, self.green).any())


class TreatmentTest(unittest.TestCase):
    """warp, repaint, recolour and outline on a disc of a few colours, on one of one colour, on nothing."""

    def drawings(self):
        y, x = np.mgrid[0:160, 0:160] - 79.5
        disc = (np.hypot(x, y) < 70)[..., None] * np.array([220, 40, 30, 255], np.uint8)
        few = disc.copy()
        few[(x > 0) & (disc[..., 3] > 0), :3] = (40, 90, 200)
        few[(np.hypot(x, y) < 20), :3] = (250, 250, 240)
        return few, disc, np.zeros((160, 160, 4), np.uint8)

    def test_the_seed_decides(self):
        for treat in (drawing.warp, drawing.repaint, drawing.recolour, drawing.outline, drawing.treat):
            for rgba in self.drawings():
                one, again, other = (treat(rgba, np.random.default_rng(s)) for s in (7, 7, 8))
                np.testing.assert_array_equal(one, again)
                self.assertEqual((one.dtype, one.shape[2]), (np.uint8, 4))
                if rgba.any() and treat is not drawing.treat:
                    self.assertTrue((one != other).any(), treat)

    def test_colours_leave_the_shape_and_warping_moves_it(self):
        for rgba in self.drawings():
            for treat in (drawing.repaint, drawing.recolour):
                painted = treat(rgba, np.random.default_rng(3))
                np.testing.assert_array_equal(painted[..., 3], rgba[..., 3])
            warped = drawing.warp(rgba, np.random.default_rng(3))
            self.assertEqual(warped.shape, rgba.shape)
            moved = (warped[..., 3] != rgba[..., 3]).mean()
            self.assertTrue(0.01 < moved < 0.3 if rgba.any() else moved == 0, moved)


if __name__ == "__main__":
    unittest.main()
