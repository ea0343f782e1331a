"""SVG to pixels, and pixels onto varied backgrounds. Every random choice comes from the given rng."""

import colorsys

import numpy as np
from PIL import Image, ImageDraw, ImageFilter


def tight(rgba: np.ndarray, size: int) -> np.ndarray:
    """The square around what is drawn, at size x size: artists leave margins of many widths. A
    twentieth of it is left on each side, so that a rotation cuts nothing off."""
    rows, columns = np.nonzero(rgba[..., 3] > 16)
    if rows.size == 0:
        return np.zeros((size, size, 4), np.uint8)
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    side = max(bottom - top, right - left)
    side += side // 10
    y, x = (top + bottom - side) // 2, (left + right - side) // 2
    image = Image.fromarray(rgba, "RGBA").crop((x, y, x + side, y + side))
    return np.asarray(image.resize((size, size), Image.BICUBIC))


def render(svg: str, size: int) -> np.ndarray:
    """size x size RGBA, straight alpha, the drawing filling the frame."""
    return tight(rasterise(svg, 2 * size), size)


def rasterise(svg: str, size: int) -> np.ndarray:
    import cairo
    import gi
    gi.require_version("Rsvg", "2.0")
    from gi.repository import Rsvg
    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, size, size)
    context = cairo.Context(surface)
    box = Rsvg.Rectangle()
    box.x = box.y = 0
    box.width = box.height = size
    Rsvg.Handle.new_from_data(svg.encode()).render_document(context, box)
    surface.flush()
    bgra = np.frombuffer(surface.get_data(), np.uint8).reshape(size, surface.get_stride() // 4, 4)
    bgra = bgra[:, :size].astype(np.float32)
    alpha = bgra[..., 3:]
    colour = np.where(alpha > 0, bgra[..., 2::-1] * 255 / np.maximum(alpha, 1), 0)
    return np.concatenate([colour.clip(0, 255), alpha], 2).round().astype(np.uint8)


def colour_name(rgba: np.ndarray) -> str:
    """The commonest of eleven colour words among the opaque pixels, weighted by saturation."""
    pixels = rgba[rgba[..., 3] > 200][:, :3][::7] / 255.0
    votes = {}
    for r, g, b in pixels:
        h, s, v = colorsys.rgb_to_hsv(r, g, b)
        if v < 0.2:
            name, weight = "black", 0.5
        elif s < 0.15:
            name, weight = ("white" if v > 0.85 else "grey"), 0.5
        else:
            hue = h * 360
            weight = 1.0
            if hue < 15 or hue >= 345:
                name = "pink" if s < 0.5 and v > 0.8 else "red"
            elif hue < 36:
                name = "brown" if v < 0.7 else "orange"
            elif hue < 70:
                name = "yellow"
            elif hue < 165:
                name = "green"
            elif hue < 255:
                name = "blue"
            elif hue < 300:
                name = "purple"
            else:
                name = "pink"
        votes[name] = votes.get(name, 0) + weight
    return max(sorted(votes), key=votes.get) if votes else "white"


def areas(mask: np.ndarray):
    """The connected parts of a mask, one mask each."""
    left = mask.astype(np.uint8)
    while left.any():
        y, x = np.unravel_index(left.argmax(), left.shape)
        marked = Image.fromarray(left).copy()  # what comes of an array is not to be written to
        ImageDraw.floodfill(marked, (int(x), int(y)), 2)
        area = np.asarray(marked) == 2
        yield area
        left[area] = 0


def coloured(lines: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """A line drawing painted in: what its lines enclose, and what of it is thicker than a line, takes the
    mean colour of another drawing of the same thing at the same place, or white where that has none."""
    size = lines.shape[0]
    solid = lines[..., 3] >= 200
    outside = next(areas(np.pad(~solid, 1, constant_values=True)))[1:-1, 1:-1]
    inside = ~solid & ~outside
    ink = Image.fromarray(solid.astype(np.uint8) * 255)
    thick = 2 * (size // 20) + 1
    core = np.asarray(ink.filter(ImageFilter.MinFilter(thick)).filter(ImageFilter.MaxFilter(thick))) > 0
    paint = np.zeros((size, size, 4), np.float32)
    for mask in (inside, core):
        for area in areas(mask):
            under = area & (colours[..., 3] > 128)
            known = under.sum() * 4 >= area.sum()
            paint[area, :3] = colours[under, :3].mean(0) if known else 255
            paint[area, 3] = 255
    ink_alpha = np.where(core, 0, lines[..., 3]).astype(np.float32)[..., None] / 255
    over = paint[..., 3:] / 255 * (1 - ink_alpha)
    alpha = ink_alpha + over
    colour = (lines[..., :3] * ink_alpha + paint[..., :3] * over) / np.maximum(alpha, 1e-6)
    return np.concatenate([colour, alpha * 255], 2).round().clip(0, 255).astype(np.uint8)


def outline(rgba: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A line drawing: dark lines along the silhouette and the strong edges, sometimes flat fills."""
    rgba = np.pad(rgba, ((4, 4), (4, 4), (0, 0)))  # so that what touches the frame has a line too
    image = Image.fromarray(rgba, "RGBA")
    width = int(rng.integers(1, 4))
    alpha = np.asarray(image.getchannel("A").filter(ImageFilter.MinFilter(2 * width + 1)))
    silhouette = (rgba[..., 3] > 100) & (alpha < 100)
    grey = np.asarray(image.convert("RGB").filter(ImageFilter.GaussianBlur(1)), np.float32)
    gradient = sum(np.hypot(*np.gradient(grey[..., c])) for c in range(3))
    edges = Image.fromarray(((gradient > 30) & (rgba[..., 3] > 100)).astype(np.uint8) * 255)
    lines = silhouette | (np.asarray(edges.filter(ImageFilter.MaxFilter(2 * width - 1))) > 0)
    out = rgba.copy()
    if rng.random() < 0.4:
        out[..., :3] = (out[..., :3] // 64) * 64 + 40
    if rng.random() < 0.25:
        out[..., :3] = 255
    out[lines, :3] = rng.integers(0, 50)
    out[lines, 3] = 255
    return out


def recolour(rgba: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Somewhat other hues, saturation and brightness; rarely greyscale."""
    image = Image.fromarray(rgba[..., :3]).convert("HSV")
    hsv = np.asarray(image).astype(np.int32)
    hsv[..., 0] = (hsv[..., 0] + int(rng.normal(0, 6))) % 256
    hsv[..., 1] = (hsv[..., 1] * (0 if rng.random() < 0.15 else rng.uniform(0.5, 1.3))).clip(0, 255)
    hsv[..., 2] = (hsv[..., 2] * rng.uniform(0.75, 1.15)).clip(0, 255)
    rgb = np.asarray(Image.fromarray(hsv.astype(np.uint8), "HSV").convert("RGB"))
    return np.concatenate([rgb, rgba[..., 3:]], 2)


def repaint(rgba: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another palette: eight groups of colours move each by itself, their shading with them."""
    image = Image.fromarray(rgba[..., :3])
    few = image.quantize(8, method=Image.FASTOCTREE)
    old = np.asarray(few.getpalette()[:24], np.float32).reshape(-1, 3)
    new = []
    for colour in old:
        h, s, v = colorsys.rgb_to_hsv(*(colour / 255))
        new.append(colorsys.hsv_to_rgb((h + rng.normal(0, 0.03)) % 1,
                                       min(1, s * rng.uniform(0.6, 1.3)),
                                       min(1, v * rng.uniform(0.75, 1.2))))
    moved = rgba[..., :3] + (np.asarray(new, np.float32) * 255 - old)[np.asarray(few)]
    return np.concatenate([moved.clip(0, 255).astype(np.uint8), rgba[..., 3:]], 2)


def warp(rgba: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Somewhat other shapes, as another hand would draw them: the nodes of a grid of 4 x 4 cells move."""
    size, cells = rgba.shape[0], 4
    line = np.linspace(0, size, cells + 1)
    nodes = np.stack(np.meshgrid(line, line), 2) + rng.normal(0, 0.025 * size, (cells + 1, cells + 1, 2))
    mesh = []
    for y in range(cells):
        for x in range(cells):
            box = tuple(round(v) for v in (line[x], line[y], line[x + 1], line[y + 1]))
            corners = (nodes[y, x], nodes[y + 1, x], nodes[y + 1, x + 1], nodes[y, x + 1])
            mesh.append((box, tuple(float(v) for corner in corners for v in corner)))
    image = Image.fromarray(rgba, "RGBA")
    return np.asarray(image.transform((size, size), Image.MESH, mesh, Image.BICUBIC))


def background(size: int, rng: np.random.Generator) -> Image.Image:
    kind = rng.random()
    if kind < 0.5:
        return Image.new("RGB", (size, size), (255, 255, 255))
    colours = rng.integers(0, 256, (2, 3))
    if kind < 0.67:  # light
        return Image.new("RGB", (size, size), tuple(int(c) for c in 255 - colours[0] // 5))
    if kind < 0.8:
        return Image.new("RGB", (size, size), tuple(int(c) for c in colours[0]))
    y, x = np.mgrid[0:size, 0:size] / size
    angle = rng.uniform(0, 2 * np.pi)
    t = x * np.cos(angle) + y * np.sin(angle)
    if kind < 0.88:  # gradient
        t = (t - t.min()) / (t.max() - t.min())
    elif kind < 0.95:  # soft blobs
        coarse = Image.fromarray((rng.random((5, 5)) * 255).astype(np.uint8))
        t = np.asarray(coarse.resize((size, size), Image.BICUBIC)) / 255.0
    else:  # stripes
        t = (np.floor(t * rng.integers(3, 9)) % 2)
    pixels = colours[0] * (1 - t[..., None]) + colours[1] * t[..., None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def place(rgba: np.ndarray, canvas: Image.Image, scale: float, angle: float, x: float,
          y: float) -> Image.Image:
    """The drawing at `scale` of the frame, its free play split by x and y in [0, 1]."""
    size = canvas.width
    side = max(8, round(size * scale))
    drawing = Image.fromarray(rgba, "RGBA")
    if angle:  # with its corners, so up to a fifth wider
        drawing = drawing.rotate(angle, Image.BICUBIC, expand=True)
        side = min(size, round(side * drawing.width / rgba.shape[1]))
    drawing = drawing.resize((side, side), Image.BOX if side * 2 < rgba.shape[0] else Image.BICUBIC)
    corner = (round((size - side) * x), round((size - side) * y))
    canvas.paste(drawing, corner, drawing)
    return canvas


def treat(rgba: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As another artist might have drawn it: other shapes, other colours, other lines, or none of them."""
    if rng.random() < 0.5:
        rgba = warp(rgba, rng)
    colours = rng.random()
    if colours < 0.3:
        rgba = recolour(rgba, rng)
    elif colours < 0.6:
        rgba = repaint(rgba, rng)
    if rng.random() < 0.4:
        rgba = outline(rgba, rng)
    return rgba


def compose(rgba: np.ndarray, size: int, rng: np.random.Generator) -> Image.Image:
    """One training picture. Never mirrored: left and right are in the names."""
    return place(rgba, background(size, rng), rng.uniform(0.7, 1.0), rng.uniform(-12, 12),
                 rng.random(), rng.random())


def plain(rgba: np.ndarray, size: int, scale: float) -> Image.Image:
    """The picture for testing: white, centred, at `scale` of the frame."""
    return place(rgba, Image.new("RGB", (size, size), (255, 255, 255)), scale, 0, 0.5, 0.5)
