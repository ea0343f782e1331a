"""The artists and word lists: pinned npm packages, their licences checked against what we expect."""

import json
import subprocess
import tarfile
import unicodedata
from pathlib import Path

# package, version, licence, artist's short name (None: a word list)
PACKAGES = [
    ("@iconify-json/noto", "1.2.9", "Apache-2.0", "noto"),
    ("@iconify-json/fluent-emoji-flat", "1.2.6", "MIT", "fluent"),
    ("@iconify-json/twemoji", "1.2.5", "CC-BY-4.0", "twemoji"),
    ("@iconify-json/emojione", "1.2.3", "CC-BY-4.0", "emojione"),
    ("@iconify-json/fxemoji", "1.2.2", "Apache-2.0", "fxemoji"),
    ("@iconify-json/openmoji", "1.2.29", "CC-BY-SA-4.0", "openmoji"),
    ("emojibase-data", "17.0.0", "MIT", None),
    ("emojilib", "4.0.3", "MIT", None),
]


class LicenceError(Exception):
    pass


def fetch(cache: Path) -> dict:
    """Downloads what is missing; package name -> its unpacked folder."""
    folders = {}
    for name, version, _, _ in PACKAGES:
        stem = f"{name.lstrip('@').replace('/', '-')}-{version}"
        folder = cache / stem / "package"
        if not (folder / "package.json").exists():
            subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=cache, check=True,
                           stdout=subprocess.DEVNULL)
            with tarfile.open(cache / f"{stem}.tgz") as archive:
                members = [m for m in archive.getmembers()
                           if m.isfile() and m.name.startswith("package/") and ".." not in m.name]
                archive.extractall(cache / stem, members)
        folders[name] = folder
    return folders


def check_licence(name: str, expected: str, folder: Path) -> dict:
    """The package's own statement of its licence; LicenceError if it is not the expected one."""
    package = json.loads((folder / "package.json").read_text())
    found, author, url = package.get("license"), package.get("author"), package.get("homepage")
    info = folder / "info.json"
    if info.exists():
        data = json.loads(info.read_text())
        found = data["license"]["spdx"]
        author, url = data["author"]["name"], data["author"].get("url")
    if found != expected:
        raise LicenceError(f"{name} says its licence is {found}, expected {expected}")
    if isinstance(author, dict):
        author = author.get("name")
    return {"package": name, "version": package["version"], "licence": found, "author": author,
            "url": url}


def squash(text: str) -> str:
    """Letters and digits only, without accents: what the labels and the icon names agree on."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in plain if c.isalnum() and c.isascii())


def slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.lower())
    words = "".join(c if c.isalnum() and c.isascii() else " " for c in plain
                    if not unicodedata.combining(c)).split()
    return "-".join(words)


def read_classes(emojibase: Path, emojilib: Path) -> dict:
    """squashed label -> {label, slug, group, subgroup, tags, keywords}; no flags, no components."""
    messages = json.loads((emojibase / "en/messages.json").read_text())
    groups = {g["order"]: g for g in messages["groups"]}
    subgroups = {g["order"]: g["message"] for g in messages["subgroups"]}
    keywords = json.loads((emojilib / "dist/emoji-en-US.json").read_text())
    classes = {}
    for entry in json.loads((emojibase / "en/data.json").read_text()):
        group = groups.get(entry.get("group"))
        if group is None or group["key"] in ("flags", "component"):
            continue
        words = [w.replace("_", " ") for w in keywords.get(entry["emoji"], [])]
        classes[squash(entry["label"])] = {
            "label": entry["label"], "slug": slug(entry["label"]), "group": group["message"],
            "subgroup": subgroups.get(entry.get("subgroup"), ""),
            "tags": entry.get("tags", []), "keywords": words}
    return classes


def read_icons(folder: Path, classes: dict) -> dict:
    """squashed label -> SVG text of one artist, for the classes that the artist drew."""
    data = json.loads((folder / "icons.json").read_text())
    icons, aliases = data["icons"], data.get("aliases", {})
    found = {}
    for name in list(icons) + list(aliases):
        key = squash(name)
        if key not in classes or key in found:
            continue
        source = icons.get(name) or icons.get(aliases[name]["parent"])
        if source is None or (name in aliases and len(aliases[name]) > 1):
            continue  # an alias that rotates or mirrors
        width = source.get("width", data.get("width", 16))
        height = source.get("height", data.get("height", 16))
        left, top = source.get("left", 0), source.get("top", 0)
        found[key] = (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
                      f'width="{width}" height="{height}" viewBox="{left} {top} {width} {height}">'
                      f'{source["body"]}</svg>')
    return found
