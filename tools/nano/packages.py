"""The artists and word lists: pinned packages of npm and Debian, their licences checked against what
we expect."""

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import glyphs

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
    ("@expo-google-fonts/noto-emoji", "0.4.7", "MIT AND OFL-1.1", "notolines"),
    ("fonts-symbola", "2.60-1.1", "Fonts in this site are free for any use.", "symbola"),
    ("@iconify-json/ph", "1.2.2", "MIT", "phosphor"),
    ("@iconify-json/tabler", "1.2.41", "MIT", "tabler"),
    ("@iconify-json/lucide", "1.2.137", "ISC", "lucide"),
    ("@iconify-json/hugeicons", "1.2.35", "MIT", "hugeicons"),
    ("@iconify-json/icon-park-outline", "1.2.4", "Apache-2.0", "iconpark"),
    ("@iconify-json/mdi", "1.2.3", "Apache-2.0", "mdi"),
    ("@iconify-json/fa7-solid", "1.2.5", "CC-BY-4.0", "fontawesome"),
    ("@iconify-json/game-icons", "1.2.4", "CC-BY-3.0", "gameicons"),
    ("@iconify-json/openmoji", "1.2.29", "CC-BY-SA-4.0", "openmoji"),
    ("emojibase-data", "17.0.0", "MIT", None),
    ("emojilib", "4.0.3", "MIT", None),
]
DEBIAN = {"fonts-symbola"}  # the others are npm's


class LicenceError(Exception):
    pass


class FetchError(Exception):
    pass


def run(*command, cwd: Path):
    """FetchError with the first thing the command said but for warnings, if it fails."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    except OSError as error:
        raise FetchError(f"cannot run {command[0]}: {error.strerror}") from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if not line.startswith("W:")]
        raise FetchError(f"{' '.join(map(str, command))}: {said[0] if said else 'failed'}")


def unpack_deb(name: str, version: str, cache: Path, folder: Path):
    try:
        run("apt-get", "download", "-qq", f"{name}={version}", cwd=cache)
    except FetchError as error:
        raise FetchError(f"{error} (is this Debian 12, after apt-get update?)") from error
    archive = next(cache.glob(f"{name}_{version}_*.deb"))
    run("dpkg-deb", "-x", archive.resolve(), folder.resolve(), cwd=cache)
    if not glyphs.font_file(folder):
        raise FetchError(f"there is no font in {archive.name}")


def fetch(cache: Path) -> dict:
    """Downloads what is missing; package name -> its unpacked folder. FetchError if one cannot be had."""
    folders = {}
    for name, version, _, _ in PACKAGES:
        stem = f"{name.lstrip('@').replace('/', '-')}-{version}"
        folder = cache / stem / "package"
        if not folder.exists():
            part = cache / f"{stem}.part"
            shutil.rmtree(part, ignore_errors=True)
            (part / "package").mkdir(parents=True)
            if name in DEBIAN:
                unpack_deb(name, version, cache, part / "package")
            else:
                run("npm", "pack", "--ignore-scripts", "--loglevel=error", f"{name}@{version}", cwd=cache)
                with tarfile.open(cache / f"{stem}.tgz") as archive:
                    members = [m for m in archive.getmembers()
                               if m.isfile() and m.name.startswith("package/") and ".." not in m.name]
                    archive.extractall(part, members)
            shutil.rmtree(cache / stem, ignore_errors=True)
            part.replace(cache / stem)  # whole or not at all
        folders[name] = folder
    return folders


def check_licence(name: str, version: str, expected: str, folder: Path) -> dict:
    """The package's own statement of its licence; LicenceError if it is not the expected one."""
    if name in DEBIAN:
        font = glyphs.font_file(folder)
        package = {"version": version, "license": glyphs.stated(font, glyphs.LICENCE),
                   "author": glyphs.stated(font, glyphs.COPYRIGHT)}
    else:
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
