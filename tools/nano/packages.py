"""The artists and word lists: pinned npm packages, their licences checked against what we expect."""

import json
import subprocess
import tarfile
from pathlib import Path

# package, version, licence, artist's short name (None: a word list)
PACKAGES = [
    ("@iconify-json/noto", "1.2.9", "Apache-2.0", "noto"),
    ("@iconify-json/fluent-emoji-flat", "1.2.6", "MIT", "fluent"),
    ("@iconify-json/twemoji", "1.2.5", "CC-BY-4.0", "twemoji"),
    ("@iconify-json/emojione", "1.2.3", "CC-BY-4.0", "emojione"),
    ("@iconify-json/fxemoji", "1.2.2", "Apache-2.0", "fxemoji"),
    ("@iconify-json/noto-v1", "1.2.5", "Apache-2.0", "noto1"),
    ("@iconify-json/fluent-emoji-high-contrast", "1.2.6", "MIT", "fluentmono"),
    ("@iconify-json/emojione-monotone", "1.2.1", "CC-BY-4.0", "emojionemono"),
    ("@iconify-json/streamline-emojis", "1.2.4", "CC-BY-4.0", "streamline"),
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
            subprocess.run(["npm", "pack", "--ignore-scripts", "--silent", f"{name}@{version}"],
                           cwd=cache, check=True, stdout=subprocess.DEVNULL)
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
