"""Tiny datasets in the layouts of all 40 of the evaluation suite.

usage: make_suite.py LIST.jsonl FOLDER   (LIST: `mobileclip eval list --json`)

Each has a few images of random shapes. Between them: WebP, PNG and JPEG; one and several shards; empty and
repeated class names; CRLF and missing final line ends; ustar, GNU and pax members, long names; upper-case
extensions; members of no interest; group vectors; four to six captions; the files of the nlphuji repositories.
"""
import csv
import io
import json
import os
import sys
import tarfile

import numpy as np
from PIL import Image

WORDS = ("pizza dog guitar rocket apple car tree house fish star moon sun cat book clock key lamp ship "
         "train flower").split()
GROUPS = {"wilds/iwildcam": 10, "wilds/camelyon17": 4, "wilds/fmow": 4, "fairness/dollar_street": 3,
          "fairness/geode": 2, "fairness/fairface": 4, "fairness/utkface": 4}
FORMATS = ("webp", "png", "jpg", "jpeg")


def picture(random, size):
    """A few coloured boxes, so that images differ in more than noise."""
    pixels = np.full((size[1], size[0], 3), random.integers(0, 256, 3), np.uint8)
    for _ in range(5):
        x, y = random.integers(0, size[0]), random.integers(0, size[1])
        w, h = random.integers(4, size[0]), random.integers(4, size[1])
        pixels[y:y + h, x:x + w] = random.integers(0, 256, 3)
    return Image.fromarray(pixels)


def encoded(image, kind, random):
    out = io.BytesIO()
    if kind == "webp":
        image.save(out, "WEBP", lossless=True)
    elif kind == "png":
        mode = ("RGB", "RGBA", "L", "P")[random.integers(0, 4)]
        image.convert(mode).save(out, "PNG")
    else:
        exif = Image.Exif()
        exif[0x0112] = 6  # turned: the evaluation takes no notice
        image.save(out, "JPEG", quality=92, exif=exif)
    return out.getvalue()


def npy(values):
    out = io.BytesIO()
    np.save(out, np.asarray(values, np.int64))
    return out.getvalue()


def write_text(path, lines, style):
    end = "\r\n" if style == 1 else "\n"
    text = end.join(lines) + ("" if style == 2 else end)
    with open(path, "wb") as out:
        out.write(text.encode())


def write_tar(path, samples, tar_format):
    with tarfile.open(path, "w", format=tar_format) as tar:
        for key, members in samples:
            for extension, data in members:
                info = tarfile.TarInfo(key + "." + extension)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))


def group_values(key, random):
    if key == "wilds/camelyon17":
        return [0, random.integers(20, 24), 0, 0]
    if key == "wilds/fmow":
        return [random.choice([0, 1, 3, 4, 5]), random.integers(14, 16), 0, 0]
    if key.endswith("face"):
        race = random.integers(0, 4)
        return [random.integers(0, 5), random.integers(0, 2), race, int(race != 1)]
    return list(random.integers(0, 4, GROUPS[key]))


def write_lists(folder, row, style):
    key = row["key"]
    if row["evaluator"] == "faces":
        names = [f"race:{w} person" for w in WORDS[:5]] + ["gender:man", "gender:woman"]
        names += [f"age:{n} years old" for n in range(3, 60, 12)] + [f"toxic:{w}" for w in WORDS]
        templates = ["race:a photo of a {c}.", "gender:a photo of a {c}.", "age:someone {c}.", "toxic:{c}"]
    else:
        count = min(row["classes"], 6 if key.endswith("distance") else 9)
        names = [WORDS[i] for i in range(count)]
        if key == "vtab/clevr_closest_object_distance":
            names[3] = ""
        if key in ("imagenet1k", "wilds/iwildcam"):
            names[6] = names[2]
        templates = ["a photo of a {c}.", "{c} or {c} in {{braces}}"]
        if key.startswith("vtab/kitti"):
            names, templates = [f"a photo i took of a {w} , near ." for w in names], ["{c}"]
    write_text(folder + "/classnames.txt", names, style)
    write_text(folder + "/zeroshot_classification_templates.txt", templates, (style + 1) % 3)
    return len(names)


def captions(random):
    count = random.integers(4, 7)
    return [" ".join(random.choice(WORDS, random.integers(1, 4))) + (r" \n end" if i == 2 else "")
            for i in range(count)]


def winogavil(random):
    """Names with their images, and questions about them."""
    names = [w + ("'s case" if i % 5 == 0 else "") for i, w in enumerate(WORDS)]
    instances = []
    for i in range(14):
        count = (5, 6, 10, 12)[i % 4]
        candidates = [str(n) for n in random.choice(names, count, replace=False)]
        instances.append({"cue": str(random.choice(["Orange", "ice", "tree", "umbrella"])),
                          "candidates": candidates, "associations": candidates[:2 + i % 2]})
    return names, instances


def write_raw(folder, key, samples):
    """The same samples as the nlphuji repositories hold them."""
    if key == "misc/winogavil":
        name, table, images = "winogavil", "winogavil_dataset.csv", "winogavil_images"
    elif "flickr" in key:
        name, table, images = key.split("/")[1], "test_1k_flickr.csv", "images_flickr_1k_test"
    else:
        name, table, images = key.split("/")[1], "test_5k_mscoco_2014.csv", "images_mscoco_2014_5k_test"
    os.makedirs(f"{folder}/{name}/{images}")
    with open(f"{folder}/{name}/{table}", "w", newline="") as out:
        rows = csv.writer(out)
        if key == "misc/winogavil":
            rows.writerow(["ID", "cue", "candidates", "associations", "num_candidates"])
        else:
            rows.writerow(["sentids", "raw", "filename"])
        for sample, members in samples:
            found = dict(members)
            if key == "misc/winogavil" and "json" in found:
                one = json.loads(found["json"])
                rows.writerow([sample, one["cue"], json.dumps(one["candidates"]),
                               json.dumps(one["associations"]), len(one["candidates"])])
                continue
            file = sample.split("/")[-1] + ".jpg"
            if "txt" in found:
                lines = [line.replace("\0", "\n") for line in
                         found["txt"].decode().replace("\\n", "\0").split("\n")]
                rows.writerow(["[1]", json.dumps(lines), file])
            with open(f"{folder}/{name}/{images}/{file}", "wb") as image:
                image.write(found["jpg"])


def samples_of(row, number, classes, random):
    key = row["key"]
    if row["evaluator"] == "winogavil":
        names, instances = winogavil(random)
        pictures = [("images/" + n, [("jpg", encoded(picture(random, (60, 50)), "jpg", random))])
                    for n in names]
        return pictures + [(f"instances/{i}", [("json", json.dumps(one).encode())])
                           for i, one in enumerate(instances)]
    out = []
    for i in range(14 + number % 5):
        kind = "jpg" if row["evaluator"] == "retrieval" else FORMATS[(number + i) % 4]
        extension = kind.upper() if i == 3 and kind != "jpg" else kind
        members = [(extension, encoded(picture(random, (40 + i, 70 - i)), kind, random))]
        name = f"s{i:07d}" if i != 5 else "long/" + "x" * 120 + f"/s{i:07d}"
        if row["evaluator"] == "retrieval":
            members.append(("txt", "\n".join(captions(random)).encode()))
        if row["evaluator"] in ("classification", "groups"):
            label = int(random.integers(0, max(1, classes - 1)))  # the last class never occurs
            members.append(("cls", f"{label}\n".encode() if i % 2 else str(label).encode()))
        if key in GROUPS:
            members.append(("npy", npy(group_values(key, random))))
        if i == 4:
            members.append(("json", b"{}"))
        out.append((name, members))
    return out


def main():
    with open(sys.argv[1]) as lines:
        rows = [json.loads(line) for line in lines]
    folder = sys.argv[2]
    for number, row in enumerate(rows):
        random = np.random.default_rng(number)
        path = f"{folder}/tars/{row['folder']}"
        os.makedirs(path + "/test")
        classes = 0
        if row["evaluator"] in ("retrieval", "winogavil"):
            write_text(path + "/dataset_type.txt", ["retrieval"], 0)
        else:
            classes = write_lists(path, row, number % 3)
        samples = samples_of(row, number, classes, random)
        shards = 1 if row["key"] == "cifar10" else 1 + number % 3
        write_text(path + "/test/nshards.txt", [str(shards)], number % 3)
        per_shard = -(-len(samples) // shards)
        for i in range(shards):
            tar_format = (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)[(number + i) % 3]
            write_tar(f"{path}/test/{i}.tar", samples[i * per_shard:(i + 1) * per_shard], tar_format)
        if row["evaluator"] in ("retrieval", "winogavil"):
            write_raw(folder + "/raw", row["key"], samples)


if __name__ == "__main__":
    main()
