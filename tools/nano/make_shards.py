#!/usr/bin/python3
"""Makes the training, selection and held-out shards of mobileclip_nano from open-licensed emoji art.

    make_shards.py --cache DIR --out DIR [--size 96] [--compositions 5] [--seed 1]
                   [--only-artist NAME ...]

Needs npm and Debian's python3-numpy python3-pil python3-gi python3-gi-cairo python3-cairo
gir1.2-rsvg-2.0 python3-fonttools.
Stages: packages, drawings, then one folder of webdataset shards per split; a finished stage is
skipped when it was made with the same parameters, so that a killed run goes on where it was.
"""

import argparse
import csv
import hashlib
import io
import json
import os
import sys
import tarfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

import captions
import drawing
import glyphs
import icons
import packages

DRAWING_SIZE = 160
SHARD_SAMPLES = 1000
HELD_OUT = "openmoji"    # never trained on nor chosen by
SELECTION = "twemoji"    # a fifth of its classes is for choosing
FORMAT = 6               # of what is written here; raised when it changes
ICONS = {"phosphor", "tabler", "lucide", "hugeicons", "iconpark", "mdi", "fontawesome", "gameicons"}
# These drawings in black alone get the colours of the same thing by another artist.
UNCOLOURED = {"notolines", "symbola", *ICONS}
PALETTE = "noto"


class Source(NamedTuple):
    """What a drawing is made of: SVG text, and for a line drawing the SVG text of its colours or ""."""
    svg: str
    colours: str


def say(text):
    print(f"make_shards: {text}", file=sys.stderr, flush=True)


def key_rng(*parts):
    digest = hashlib.sha256("/".join(str(p) for p in parts).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def in_selection(slug):
    return hashlib.sha256(slug.encode()).digest()[0] % 5 == 0


def write_whole(path, data):
    temporary = path.with_name(path.name + ".part")
    with open(temporary, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def finished(folder, parameters):
    mark = folder / "done.json"
    return mark.exists() and json.loads(mark.read_text()) == parameters


def finish(folder, parameters):
    write_whole(folder / "done.json", json.dumps(parameters, indent=1).encode())


def read_artists(cache):
    folders = packages.fetch(cache)
    licences = [packages.check_licence(name, version, licence, folders[name])
                for name, version, licence, _ in packages.PACKAGES]
    classes = icons.read_classes(folders["emojibase-data"], folders["emojilib"])
    sets, artists = {}, {}
    for name, _, _, artist in packages.PACKAGES:
        if artist and glyphs.font_file(folders[name]):
            artists[artist] = glyphs.GlyphSet(glyphs.font_file(folders[name])).match(classes)
        elif artist:
            sets[artist] = icons.IconSet(folders[name])
    older = icons.known_names([sets[a] for a in icons.NAME_TABLES], classes)
    for artist, of in sets.items():
        misread = icons.MISREAD if artist in ICONS else ()
        artists[artist] = icons.match(of, classes, older, misread)
    colours = artists[PALETTE]
    return licences, classes, {artist: {
        key: Source(svg, colours.get(key, "") if artist in UNCOLOURED else "")
        for key, svg in drawn.items()} for artist, drawn in artists.items()}


def render_job(job):
    path, source = job
    if not path.exists():
        array = drawing.render(source.svg, DRAWING_SIZE)
        if source.colours:
            array = drawing.coloured(array, drawing.render(source.colours, DRAWING_SIZE))
        buffer = io.BytesIO()
        np.save(buffer, array)
        write_whole(path, buffer.getvalue())


def drawing_path(cache, artist, key, source):
    """Named by what is drawn, so that another version of a package is never taken for this one."""
    digest = hashlib.sha256("".join(source).encode()).hexdigest()[:12]
    return cache / "drawings" / f"{FORMAT}-{DRAWING_SIZE}" / artist / f"{key}-{digest}.npy"


def render_all(cache, artists, pool):
    jobs = [(drawing_path(cache, artist, key, source), source)
            for artist, drawn in artists.items() for key, source in sorted(drawn.items())]
    for folder in {path.parent for path, _ in jobs}:
        folder.mkdir(parents=True, exist_ok=True)
    for count, _ in enumerate(pool.map(render_job, jobs, chunksize=32), 1):
        if count % 2000 == 0 or count == len(jobs):
            say(f"{count} of {len(jobs)} drawings")


def sample_job(job):
    """(key, members) of one picture, of a rendered drawing or, with the artist's margins, of SVG."""
    source, artist, entry, index, size, seed, plain = job
    cropped = isinstance(source, Path)
    rgba = np.load(source) if cropped else drawing.rasterise(source, DRAWING_SIZE)
    key = f"{artist}-{entry['slug']}-{index:02d}"
    rng = key_rng(seed, key)
    if not plain:
        rgba = drawing.treat(rgba, rng)
    if plain:
        image = drawing.plain(rgba, size, 0.9 if cropped else 1.0)
    else:
        image = drawing.compose(rgba, size, rng)
    png = io.BytesIO()
    image.convert("RGB").save(png, "PNG", compress_level=3)
    texts = captions.synthetic(entry, drawing.colour_name(rgba), rng)
    about = {"artist": artist, "slug": entry["slug"], "label": entry["label"],
             "group": entry["group"]}
    return key, {"png": png.getvalue(), "txt": entry["label"].encode(),
                 "syn.json": json.dumps({"syn_text": texts}).encode(),
                 "json": json.dumps(about).encode()}


def shard_bytes(samples):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for key, members in samples:
            for extension in sorted(members):
                info = tarfile.TarInfo(f"{key}.{extension}")
                info.size, info.mode = len(members[extension]), 0o444
                info.uname = info.gname = "bigdata"
                archive.addfile(info, io.BytesIO(members[extension]))
    return buffer.getvalue()


def write_split(folder, jobs, parameters, pool):
    if finished(folder, parameters):
        say(f"{folder.name}: done before")
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "done.json").unlink(missing_ok=True)  # first: from here on it would lie
    for old in folder.glob("*.tar"):
        old.unlink()
    rows, batch, shard = [("key", "label", "slug")], [], 0
    for count, (job, sample) in enumerate(zip(jobs, pool.map(sample_job, jobs, chunksize=16)), 1):
        batch.append(sample)
        rows.append((sample[0], job[2]["label"], job[2]["slug"]))
        if len(batch) == SHARD_SAMPLES or count == len(jobs):
            write_whole(folder / f"{shard:05d}.tar", shard_bytes(batch))
            batch, shard = [], shard + 1
            say(f"{folder.name}: {count} of {len(jobs)} samples")
    index = io.StringIO()
    csv.writer(index, lineterminator="\n").writerows(rows)
    write_whole(folder / "index.csv", index.getvalue().encode())
    labels = sorted({job[2]["label"] for job in jobs})
    write_whole(folder / "classes.txt", ("\n".join(labels) + "\n").encode())
    finish(folder, parameters)


def split_of(artist, entry):
    if artist == HELD_OUT:
        return "heldout"
    return "select" if artist == SELECTION and in_selection(entry["slug"]) else "train"


def plan(cache, classes, artists, arguments):
    """Jobs per split. Training pictures are in an order of their own, so that a shard is a mix."""
    jobs = {"train": [], "select": [], "heldout": [], "heldout_margins": []}
    for artist, drawn in artists.items():
        for key in sorted(drawn):
            entry = classes[key]
            split = split_of(artist, entry)
            path = drawing_path(cache, artist, key, drawn[key])
            for index in range(arguments.compositions if split == "train" else 1):
                more = (artist, entry, index, arguments.size, arguments.seed, split != "train")
                jobs[split].append((path, *more))
                if split == "heldout":
                    jobs["heldout_margins"].append((drawn[key].svg, *more))
    jobs["train"].sort(key=lambda job: hashlib.sha256(
        f"{arguments.seed}/{job[1]}/{job[2]['slug']}/{job[3]}".encode()).digest())
    return jobs


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--compositions", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    names = [artist for _, _, _, artist in packages.PACKAGES if artist]
    parser.add_argument("--only-artist", choices=names, nargs="+", default=names)
    arguments = parser.parse_args(arguments)
    arguments.cache.mkdir(parents=True, exist_ok=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        licences, classes, artists = read_artists(arguments.cache)
    except (packages.FetchError, packages.LicenceError) as error:
        sys.exit(f"make_shards: {error}")
    write_whole(arguments.out / "licences.json", json.dumps(licences, indent=1).encode())
    artists = {artist: drawn for artist, drawn in artists.items()
               if artist in arguments.only_artist}
    say(", ".join(f"{artist} {len(drawn)}" for artist, drawn in artists.items()))
    parameters = {"format": FORMAT, "size": arguments.size, "seed": arguments.seed,
                  "compositions": arguments.compositions,
                  "drawing_size": DRAWING_SIZE, "artists": sorted(artists),
                  "packages": [f"{p['package']}@{p['version']}" for p in licences]}
    with ProcessPoolExecutor() as pool:
        render_all(arguments.cache, artists, pool)
        for split, jobs in plan(arguments.cache, classes, artists, arguments).items():
            write_split(arguments.out / split, jobs, parameters, pool)


if __name__ == "__main__":
    main()
