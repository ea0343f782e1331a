"""Synthetic captions: templates over tags, keywords, colour and category."""

import numpy as np

TEMPLATES = [
    "a drawing of {a} {label}",
    "an emoji of {a} {label}",
    "{label}, {tag}, {tag2}",
    "{tag}, {tag2}, {tag3}",
    "{ac} {colour} {label}",
    "a picture of {tag} and {tag2}",
    "{colour} drawing: {label}",
    "{label} from {group}",
    "{tag}, a kind of {subgroup}",
    "something {colour}: {tag}",
]
PER_PICTURE = 6
MOST_WORDS = 12


def article(word: str) -> str:
    return "an" if word[0].lower() in "aeiou" else "a"


def synthetic(entry: dict, colour: str, rng: np.random.Generator) -> list:
    """PER_PICTURE different captions, lower-case, of at most MOST_WORDS words."""
    words = list(dict.fromkeys(w.lower() for w in entry["tags"] + entry["keywords"]
                               if w.isascii() and any(c.isalnum() for c in w)))
    words = words or [entry["label"]]
    out = []
    for index in rng.permutation(len(TEMPLATES)):
        tags = [words[i] for i in rng.permutation(len(words))[:3]]
        tags += [entry["label"]] * (3 - len(tags))
        label = entry["label"]
        text = TEMPLATES[index].format(
            a=article(label), ac=article(colour), label=label, tag=tags[0], tag2=tags[1],
            tag3=tags[2], colour=colour, group=entry["group"].replace("&", "and"),
            subgroup=(entry["subgroup"] or entry["group"]).replace("&", "and"))
        text = " ".join(text.lower().split()[:MOST_WORDS])
        if text not in out:
            out.append(text)
        if len(out) == PER_PICTURE:
            break
    return out
