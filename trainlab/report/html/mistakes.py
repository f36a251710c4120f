"""The worst mistakes of a run on its page: images with their predictions, or rows of a table."""

import base64
import binascii
from math import prod
from typing import Any

import numpy as np

from trainlab.report.html.numbers import table as html_table
from trainlab.report.html.tags import Html, tag
from trainlab.report.json_fields import lists, number, table, tables, texts, whole
from trainlab.report.pictures.numbers import readable, share
from trainlab.report.pictures.png import address, larger
from trainlab.store.reading import RunRecord

_SIDE = 96  # pixels of a little image, about


def mistakes(record: RunRecord) -> list[Html]:
    """The most confident wrong predictions, or the largest errors."""
    worst = tables(record.mistakes, "worst")
    if not worst:
        return []
    images, labels = table(record.mistakes, "images"), tables(record.mistakes, "labels")
    if labels:
        return _of_labels(record, worst, labels)
    numbers = "predicted" in worst[0] and isinstance(worst[0]["predicted"], list)
    head = "The largest errors" if numbers else "The most confident mistakes"
    text = f"{head} of the {_part(record)} split, with the number of the row in the data."
    if not numbers:
        total, wrong = number(record.mistakes, "rows"), number(record.mistakes, "wrong")
        text += f" {readable(wrong)} of {readable(total)} rows are wrong." if total and wrong is not None else ""
    body = _gallery(record, worst, images) if images and not numbers else _table(record, worst, numbers)
    return [tag("div", tag("p", text), body, class_="card")]


def _of_labels(record: RunRecord, worst: list[dict[str, Any]], labels: list[dict[str, Any]]) -> list[Html]:
    """Right, missed and false ones of each label, and the rows with the most wrong labels."""
    names = texts(record.data, "classes")
    rows = [
        [_name(i, names), *(number(one, key) for key in ("right", "missed", "false"))] for i, one in enumerate(labels)
    ]
    total, wrong = number(record.mistakes, "rows"), number(record.mistakes, "wrong")
    text = f"{readable(wrong)} of {readable(total)} rows of the {_part(record)} split have a wrong label."
    listed = [
        [one.get("row"), *(", ".join(_name(i, names) for i in one.get(key) or ()) for key in ("true", "predicted"))]
        for one in worst
    ]
    counts = html_table(["label", "right", "missed", "false"], rows, caption="Predictions of each label")
    return [tag("div", tag("p", text), counts, html_table(["row", "true", "predicted"], listed), class_="card")]


def _gallery(record: RunRecord, worst: list[dict[str, Any]], images: dict[str, Any]) -> Html:
    names, shape = texts(record.data, "classes"), whole(images, "shape")
    made: list[Html] = []
    for one, pixels in zip(worst, texts(images, "pixels"), strict=False):
        source = _image(pixels, shape)
        true, predicted = _name(one.get("true"), names), _name(one.get("predicted"), names)
        about = f"{predicted} ({_certainty(record, one)}) for {true}, row {one.get('row')}"
        picture = tag("img", src=source, alt=about) if source else None
        place = f"{_certainty(record, one)}, row {one.get('row')}"
        words = tag("p", tag("strong", predicted), f" for {true}", tag("br"), place)
        made.append(tag("figure", picture, words))
    return tag("div", *made, class_="pictures")


def _table(record: RunRecord, worst: list[dict[str, Any]], numbers: bool) -> Html:
    names, behind = texts(record.data, "classes"), table(record.mistakes, "table")
    columns, values = texts(behind, "columns"), lists(behind, "rows")
    rows: list[list[Any]] = []
    for i, one in enumerate(worst):
        if numbers:
            pairs = list(zip(one.get("true") or [], one.get("predicted") or [], strict=False))
            cells: list[Any] = [_joined([t for t, _ in pairs]), _joined([p for _, p in pairs])]
            cells.append(_joined([p - t for t, p in pairs]))
        else:
            cells = [_name(one.get("true"), names), _name(one.get("predicted"), names), _certainty(record, one)]
        rows.append([one.get("row"), *cells, *(values[i] if i < len(values) else [])])
    last = "error" if numbers else str(record.mistakes.get("measure", ""))
    more = number(behind, "more")
    titles = ["row", "true", "predicted", last, *columns]
    made = html_table(titles, rows, caption="The worst mistakes")
    return tag("div", made, tag("p", f"and {readable(more)} more columns", class_="none")) if more else made


def _certainty(record: RunRecord, one: dict[str, Any]) -> str:
    value = number(one, "certainty")
    if value is None:
        return ""
    return share(value) if record.mistakes.get("measure") == "probability" else f"score {readable(value)}"


def _name(index: Any, names: list[str]) -> str:
    return names[index] if isinstance(index, int) and 0 <= index < len(names) else str(index)


def _joined(values: list[Any]) -> str:
    return ", ".join(readable(v) for v in values if isinstance(v, int | float))


def _part(record: RunRecord) -> str:
    return {"test": "test", "val": "validation"}.get(str(record.mistakes.get("part")), "held-out")


def _image(pixels: str, shape: list[int]) -> str | None:
    """A `data:` address of the bytes; None where they are not an image of this shape."""
    try:
        data = np.frombuffer(base64.b64decode(pixels, validate=True), np.uint8)
    except (binascii.Error, ValueError):
        return None
    if len(shape) != 3 or shape[2] not in (1, 3) or len(data) != prod(shape):
        return None
    image = data.reshape(shape)
    image = image[..., 0] if shape[2] == 1 else image
    return address(larger(image, max(1, _SIDE // max(shape[:2]))))
