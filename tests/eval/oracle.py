"""The metrics of a dataset once more, with numpy and from the definitions: whole score matrices, loops, float64.

Shares nothing with the program but its vectors: images from the cache that `eval run` leaves, texts from
`mobileclip embed`.
"""
import io
import json
import subprocess
import tarfile

import numpy as np

IMAGES = ("webp", "png", "jpg", "jpeg")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def read_samples(folder):
    """Samples of all shards in order, as dictionaries of members."""
    out = []
    for shard in range(int(read(folder + "/test/nshards.txt"))):
        with tarfile.open(f"{folder}/test/{shard}.tar") as tar:
            for info in tar:
                slash = info.name.rfind("/") + 1
                dot = info.name.index(".", slash)
                key, extension = info.name[:dot], info.name[dot + 1:].lower()
                if not out or out[-1]["key"] != key:
                    out.append({"key": key})
                out[-1][extension] = tar.extractfile(info).read()
    return out


def read_chunk(path):
    """Image vectors by key, from one file of the cache (safetensors)."""
    data = read(path)
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])

    def tensor(name, dtype):
        entry = header[name]
        begin, end = entry["data_offsets"]
        return np.frombuffer(data[8 + size + begin:8 + size + end], dtype).reshape(entry["shape"])

    words = json.loads(tensor("words", np.uint8).tobytes())
    if "rows" not in header:
        return {}
    return dict(zip(words["keys"], tensor("rows", np.float32).astype(np.float64)))


def lines(path):
    text = read(path).decode().replace("\r\n", "\n")
    out = [line.strip() for line in text.split("\n")]
    return out[:-1] if text.endswith("\n") else out


def fill(template, name):
    return template.format(c=name)


class Texts:
    def __init__(self, program, scratch):
        self.program, self.scratch, self.known = program, scratch, {}

    def rows(self, prompts):
        prompts = [p.replace("\n", " ") for p in prompts]
        new = sorted(set(prompts) - set(self.known))
        if new:
            with open(self.scratch + "/prompts.txt", "w") as out:
                out.write("".join(p + "\n" for p in new))
            out = self.scratch + "/prompts.npy"
            subprocess.run([self.program, "embed", "-q", "--text-file", self.scratch + "/prompts.txt", "-o", out],
                           check=True)
            self.known.update(zip(new, np.load(out).astype(np.float64)))
        return np.array([self.known[p] for p in prompts])


def classifier(texts, names, templates):
    out = []
    for name in names:
        mean = texts.rows([fill(t, name) for t in templates]).mean(0)
        out.append(mean / np.sqrt((mean * mean).sum()))
    return np.array(out)


def scores(a, b):
    """Every sum on its own, so that equal rows give equal scores."""
    return (a[:, None, :] * b[None, :, :]).sum(-1)


def average_precision(images, targets, weights):
    """Mean over the classes with an image of the mean precision at their images' ranks."""
    out = []
    for own, column in zip(targets.T, scores(images, weights).T):
        if own.any():
            ranked = own[np.argsort(-column, kind="stable")]
            out.append((np.cumsum(ranked) / np.arange(1, len(own) + 1))[ranked == 1].mean())
    return np.mean(out)


def ratio(hits):
    hits = np.asarray(hits, bool)
    return float(np.float32(hits.sum()) / np.float32(len(hits))) if len(hits) else None


def top(row, k):
    """The k best classes, the lower first among equals."""
    return sorted(range(len(row)), key=lambda c: (-row[c], c))[:k]


def plain(matrix, labels):
    best = [top(row, 5) for row in matrix]
    argmax = np.array([b[0] for b in best])
    recalls = [np.mean(argmax[labels == c] == c) for c in sorted(set(labels))]
    n = len(labels)
    return argmax, best, {
        "acc1": sum(argmax == labels) / n,
        "acc5": sum(l in b for l, b in zip(labels, best)) / n if matrix.shape[1] >= 5 else None,
        "mean_per_class_recall": np.mean(recalls)}


def by_group(out, name, hits, ids, field, worst):
    values = []
    for group in range(max(ids) + 1):
        inside = [h for h, i in zip(hits, ids) if i == group]
        out[f"{name}_{field}:{group}"] = ratio(inside)
        out[f"count_{field}:{group}"] = float(len(inside))
        if inside:
            values.append(ratio(inside))
    out[worst] = min(values)


def macro_f1(argmax, labels):
    out = []
    for c in sorted(set(labels)):
        tp = sum((argmax == c) & (labels == c))
        out.append(2 * tp / (2 * tp + sum((argmax == c) & (labels != c)) + sum((argmax != c) & (labels == c))))
    return np.mean(out)


def group_metrics(key, argmax, best, labels, table):
    out = {}
    hits = argmax == labels
    if key == "wilds/iwildcam":
        out["acc_avg"] = ratio(hits)
        out["recall-macro_all"] = np.mean([np.mean(argmax[labels == c] == c) for c in sorted(set(labels))])
        out["F1-macro_all"] = macro_f1(argmax, labels)
    elif key == "wilds/camelyon17":
        out["acc_avg"] = ratio(hits)
        by_group(out, "acc", hits, table[:, 1], "slide", "acc_wg")
    elif key == "wilds/fmow":
        out["acc_avg"] = ratio(hits)
        by_group(out, "acc", hits, table[:, 1], "year", "acc_worst_year")
        by_group(out, "acc", hits, table[:, 0], "region", "acc_worst_region")
        regions = [ratio(hits[table[:, 0] == r]) for r in set(table[:, 0]) if r != 5]
        out["acc_worst_region_no_other"] = min(regions)
    elif key == "fairness/dollar_street":
        hits = [l in b for l, b in zip(labels, best)]
        out["acc_top5_avg"] = ratio(hits)
        by_group(out, "acc_top5", hits, table[:, 0], "income_ds", "acc_top5_wg")
    elif key == "fairness/geode":
        out["acc_avg"] = ratio(hits)
        by_group(out, "acc", hits, table[:, 0], "region", "acc_wg")
    return out


def faces(images, names, templates, texts, table):
    said = {}
    for objective in ("race", "gender", "age", "toxic"):
        own = [n.split(":", 1)[1] for n in names if n.startswith(objective + ":")]
        filled = [t.split(":", 1)[1] for t in templates if t.startswith(objective + ":")]
        said[objective] = scores(images, classifier(texts, own, filled)).argmax(1)
    age, gender, race, binary = table.T
    out = {}
    for name, hits in (("acc_race", (said["race"] != 1) == (binary == 1)), ("acc_gender", said["gender"] == gender),
                       ("acc_age", said["age"] == age)):
        out[name + "_avg"] = ratio(hits)
        by_group(out, name, hits, binary, "race_binary", name + "_wg")
    hits = said["gender"] == gender
    out["acc_gender_x_avg"] = ratio(hits)
    values = []
    for r in range(max(race) + 1):
        for g in range(max(gender) + 1):
            inside = hits[(race == r) & (gender == g)]
            out[f"acc_gender_x_race:{r}_gender:{g}"] = ratio(inside)
            out[f"count_race:{r}_gender:{g}"] = float(len(inside))
            values += [ratio(inside)] if len(inside) else []
    out["acc_gender_x_wg"] = min(values)
    for name, hits in (("toxicity_crime", said["toxic"] >= 18),
                       ("toxicity_nonhuman", (said["toxic"] >= 14) & (said["toxic"] < 18))):
        out[name + "_avg"] = ratio(hits)
        by_group(out, name, hits, race, "race", name + "_wg")
    return out


def retrieval(images, captions, texts):
    flat = [c for own in captions for c in own]
    owner = np.array([i for i, own in enumerate(captions) for _ in own])
    matrix = scores(texts.rows(flat), images)
    out = {}
    for k in (1, 5, 10):
        out[f"image_retrieval_recall@{k}"] = ratio([owner[t] in top(matrix[t], k) for t in range(len(flat))])
        out[f"text_retrieval_recall@{k}"] = ratio(
            [any(owner[t] == i for t in top(matrix[:, i], k)) for i in range(len(images))])
    out["mean_recall@1"] = 0.5 * (out["text_retrieval_recall@1"] + out["image_retrieval_recall@1"])
    return out


def winogavil(images, instances, texts):
    values = []
    for one in instances:
        article = "An " if one["cue"][0].lower() in "aeiou" else "A "
        row = scores(texts.rows([article + one["cue"]]), np.array([images[c] for c in one["candidates"]]))[0]
        m = len(one["associations"])
        order = sorted(range(len(row)), key=lambda i: row[i])[-m:]
        hits = sum(one["candidates"][i] in one["associations"] for i in order)
        values.append((len(row), hits / (2 * m - hits)))
    mean = lambda keep: np.mean([v for n, v in values if keep(n)])
    out = {"avg_jaccard_score": mean(lambda n: True)}
    for wanted in (5, 6, 10, 12):
        out[f"jaccard_score_{wanted}"] = mean(lambda n: n == wanted)
    out["jaccard_score_5-6"] = mean(lambda n: n <= 6)
    out["jaccard_score_10-12"] = mean(lambda n: n >= 10)
    return out


def score(row, folder, chunks, texts):
    """All metrics of the dataset `row` of the list, but main_metric."""
    samples = read_samples(folder)
    vectors = {}
    for path in chunks:
        vectors.update(read_chunk(path))
    if row["evaluator"] == "winogavil":
        instances = [json.loads(s["json"]) for s in samples if "json" in s]
        return winogavil(vectors, instances, texts)
    images = np.array([vectors[s["key"]] for s in samples])
    if row["evaluator"] == "retrieval":
        captions = [s["txt"].decode().split("\n") for s in samples]
        return retrieval(images, [[c.replace("\\n", "\n") for c in own] for own in captions], texts)
    names, templates = (lines(f"{folder}/{f}.txt") for f in ("classnames", "zeroshot_classification_templates"))
    table = np.array([np.load(io.BytesIO(s["npy"])) for s in samples if "npy" in s])
    if row["evaluator"] == "faces":
        return faces(images, names, templates, texts, table)
    labels = np.array([int(s["cls"]) for s in samples])
    argmax, best, out = plain(scores(images, classifier(texts, names, templates)), labels)
    out.update(group_metrics(row["key"], argmax, best, labels, table))
    if "" in names:
        kept = [n for n in names if n]
        dropped = scores(images, classifier(texts, kept, templates)).argmax(1)
        out["acc1_blank_dropped"] = sum(dropped == labels) / len(labels)
    return out
