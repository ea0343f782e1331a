"""Which icon of an artist shows which emoji: by code point where the set has a table, else by name."""

import json
import unicodedata
from pathlib import Path

SPELT = {"#": " number sign ", "*": " asterisk "}  # or two keycaps would be one class
NAME_TABLES = ("noto", "twemoji")  # artists whose tables of older names help to read the others'
REDRAWN = {"pistol"}  # older sets show another thing under the emoji's older name
MISREAD = {"mouse", "ram", "seal"}  # what is not an emoji set has a computer's or a stamp of that name


def spelt(text: str) -> str:
    text = "".join(SPELT.get(c, c) for c in text.lower())
    return unicodedata.normalize("NFKD", text)


def squash(text: str) -> str:
    """Letters and digits only, without accents: what the labels and the icon names agree on."""
    return "".join(c for c in spelt(text) if c.isalnum() and c.isascii())


def slug(text: str) -> str:
    return "-".join("".join(c if c.isalnum() and c.isascii() else " " for c in spelt(text)
                            if not unicodedata.combining(c)).split())


def code(hexcode: str) -> str:
    """A sequence of code points without the variation selector, as the sets differ in it."""
    return "-".join(p for p in hexcode.upper().split("-") if p != "FE0F")


def private(hexcode: str) -> bool:
    """Whether it is a code point of some font's own, which stands for no emoji."""
    return unicodedata.category(chr(int(hexcode.split("-")[0], 16))) == "Co"


def read_classes(emojibase: Path, emojilib: Path) -> dict:
    """squashed label -> {label, slug, hexcode, group, ...}; no flags, components or skin tones."""
    messages = json.loads((emojibase / "en/messages.json").read_text())
    groups = {g["order"]: g for g in messages["groups"]}
    subgroups = {g["order"]: g["message"] for g in messages["subgroups"]}
    keywords = json.loads((emojilib / "dist/emoji-en-US.json").read_text())
    classes = {}
    for entry in json.loads((emojibase / "en/data.json").read_text()):
        group = groups.get(entry.get("group"))
        if group is None or group["key"] in ("flags", "component"):
            continue
        key = squash(entry["label"])
        if key in classes:
            raise ValueError(f"two classes are called {key}")
        words = [w.replace("_", " ").strip() for w in keywords.get(entry["emoji"], [])]
        classes[key] = {
            "label": entry["label"], "slug": slug(entry["label"]),
            "hexcode": code(entry["hexcode"]), "group": group["message"],
            "subgroup": subgroups.get(entry.get("subgroup"), ""),
            "tags": entry.get("tags", []), "keywords": words}
    return classes


class IconSet:
    """One artist's package."""

    def __init__(self, folder: Path):
        self.data = json.loads((folder / "icons.json").read_text())
        self.icons, self.aliases = self.data["icons"], self.data.get("aliases", {})
        table = folder / "chars.json"
        chars = json.loads(table.read_text()) if table.exists() else {}
        self.by_code = {code(k): name for k, name in chars.items() if not private(k)}

    def resolve(self, name: str):
        """(name of the drawn icon, whether it is to be mirrored); (None, False) if unusable."""
        flip = False
        while name in self.aliases:
            alias = self.aliases[name]
            if set(alias) - {"parent", "hFlip"}:
                return None, False
            flip ^= alias.get("hFlip", False)
            name = alias["parent"]
        body = self.icons.get(name, {"body": ""})["body"]
        whole = body and (' class="' not in body or "<style" in body)  # or its colours were lost
        return (name, flip) if whole else (None, False)

    def svg(self, name: str, flip: bool) -> str:
        icon = self.icons[name]
        width, height = (icon.get(k, self.data.get(k, 16)) for k in ("width", "height"))
        left, top = icon.get("left", 0), icon.get("top", 0)
        body = icon["body"]
        if flip:
            body = f'<g transform="translate({2 * left + width} 0) scale(-1 1)">{body}</g>'
        return (f'<svg xmlns="http://www.w3.org/2000/svg" '
                f'xmlns:xlink="http://www.w3.org/1999/xlink" width="{width}" height="{height}" '
                f'viewBox="{left} {top} {width} {height}">{body}</svg>')


def known_names(sets: list, classes: dict) -> dict:
    """Squashed older name -> key of its class, where the given sets' tables agree."""
    of_code = {entry["hexcode"]: key for key, entry in classes.items()}
    names = {}
    for icons in sets:
        drawn = {icons.resolve(name)[0]: of_code[hexcode]
                 for hexcode, name in icons.by_code.items() if hexcode in of_code}
        for name in [*icons.icons, *icons.aliases]:
            key = drawn.get(icons.resolve(name)[0])
            if key and squash(name) not in classes and squash(name) not in REDRAWN:
                names.setdefault(squash(name), set()).add(key)
    return {name: keys.pop() for name, keys in names.items() if len(keys) == 1}


def match(icons: IconSet, classes: dict, older: dict, misread=frozenset()) -> dict:
    """key of a class -> SVG text, for the classes that the artist drew; none of `misread`."""
    found = {}
    for key, entry in classes.items():
        if entry["hexcode"] in icons.by_code:
            found[key] = icons.resolve(icons.by_code[entry["hexcode"]])
    if not icons.by_code:
        for name in [*icons.icons, *icons.aliases]:
            drawn, flip = icons.resolve(name)
            key = squash(name)
            # An alias of another class's icon is an error of the set ("up-button" is not "upwards").
            if key in classes and drawn and (name == drawn or flip or squash(drawn) not in classes):
                found.setdefault(key, (drawn, flip))
        for name in icons.icons:
            key = older.get(squash(name))
            if key:
                found.setdefault(key, (name, False))
    return {key: icons.svg(name, flip) for key, (name, flip) in found.items()
            if name and key not in misread}
