"""Tiny ImageNet: 200 classes of ImageNet at 64 x 64 pixels, as `DATA/tiny-imagenet-200.zip`.

200 classes by WordNet number, "n01443537" .. "n12267677", sorted (`words.txt` says what they are);
100,000 train images, 500 a class, and 10,000 val images, 50 a class, which are our test. JPEG, 64 x
64, RGB and some grey. The published test images have no labels and are not used. Validation: carved
by the seed out of train.
Source: http://cs231n.stanford.edu/tiny-imagenet-200.zip (248,100,043 bytes), Stanford CS231n (Le
and Yang, "Tiny ImageNet Visual Recognition Challenge", 2015), out of ImageNet (Russakovsky et al.,
IJCV 2015, arXiv 1409.0575). Terms: ImageNet's, for non-commercial research and education.

The archive is read in place; the folder `DATA/tiny-imagenet-200/` that it unpacks to does as well.
An archive with only some classes works when those are selected (`classes=first:50`).
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import numpy as np

from files import limits
from images.counts import Counts
from images.published import Contents, Pictures, Release
from images.source import Listing
from images.tree import Tree

_NUMBERS = """
    01443537 01629819 01641577 01644900 01698640 01742172 01768244 01770393 01774384 01774750
    01784675 01855672 01882714 01910747 01917289 01944390 01945685 01950731 01983481 01984695
    02002724 02056570 02058221 02074367 02085620 02094433 02099601 02099712 02106662 02113799
    02123045 02123394 02124075 02125311 02129165 02132136 02165456 02190166 02206856 02226429
    02231487 02233338 02236044 02268443 02279972 02281406 02321529 02364673 02395406 02403003
    02410509 02415577 02423022 02437312 02480495 02481823 02486410 02504458 02509815 02666196
    02669723 02699494 02730930 02769748 02788148 02791270 02793495 02795169 02802426 02808440
    02814533 02814860 02815834 02823428 02837789 02841315 02843684 02883205 02892201 02906734
    02909870 02917067 02927161 02948072 02950826 02963159 02977058 02988304 02999410 03014705
    03026506 03042490 03085013 03089624 03100240 03126707 03160309 03179701 03201208 03250847
    03255030 03355925 03388043 03393912 03400231 03404251 03424325 03444034 03447447 03544143
    03584254 03599486 03617480 03637318 03649909 03662601 03670208 03706229 03733131 03763968
    03770439 03796401 03804744 03814639 03837869 03838899 03854065 03891332 03902125 03930313
    03937543 03970156 03976657 03977966 03980874 03983396 03992509 04008634 04023962 04067472
    04070727 04074963 04099969 04118538 04133789 04146614 04149813 04179913 04251144 04254777
    04259630 04265275 04275548 04285008 04311004 04328186 04356056 04366367 04371430 04376876
    04398044 04399382 04417672 04456115 04465501 04486054 04487081 04501370 04507155 04532106
    04532670 04540053 04560804 04562935 04596742 04597913 06596364 07579787 07583066 07614500
    07615774 07695742 07711569 07715103 07720875 07734744 07747607 07749582 07753592 07768694
    07871810 07873807 07875152 07920052 09193705 09246464 09256479 09332890 09428293 12267677
"""
CLASSES = tuple(f"n{number}" for number in _NUMBERS.split())
_ROOT = "tiny-imagenet-200"
_WNIDS = "wnids.txt"
_ANNOTATIONS = "val/val_annotations.txt"
_TRAIN = re.compile(r"train/([^/]+)/images/[^/]+\.jpe?g", re.IGNORECASE)
_VAL = re.compile(r"val/images/[^/]+\.jpe?g", re.IGNORECASE)


class TinyImageNet(Pictures):
    """The `Source` of Tiny ImageNet."""

    name = "tiny_imagenet"
    release = Release(
        "tiny-imagenet-200.zip",
        "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        "md5:90528d7ca1a48142e341f4ef8d21d0de",
    )
    published = Counts(CLASSES, (500,) * 200, (50,) * 200)
    places = ((release.file, _ROOT), (_ROOT, _ROOT))
    labels = (_WNIDS, _ANNOTATIONS)

    @staticmethod
    def contents(tree: Tree) -> Contents:
        """Train and val images.

        Every val image must stand in val_annotations.txt, and every image that it names be there:
        a copy that broke off would otherwise pass for a smaller test.

        Raises ValueError if one is not, or if wnids.txt lacks the class of an image.
        """
        classes = tuple(sorted(set(_text(tree, _WNIDS).split())))
        numbers = {name: label for label, name in enumerate(classes)}
        class_of = _annotated(tree)
        entries = []
        for name in sorted(tree.names):
            if train := _TRAIN.fullmatch(name):
                entries.append((name, train[1], False))
            elif _VAL.fullmatch(name):
                file = PurePosixPath(name).name
                if file not in class_of:
                    raise ValueError(f"{tree.path}: {_ANNOTATIONS} must name {file}; it does not.")
                entries.append((name, class_of.pop(file), True))
        if class_of:
            raise ValueError(
                f"{tree.path}: {_ANNOTATIONS} must name images that are there; {len(class_of)} are "
                f"not in val/images, such as {min(class_of)}."
            )
        for name, wnid, _ in entries:
            if wnid not in numbers:
                raise ValueError(f"{tree.path}: {_WNIDS} must list the class of {name}, {wnid}.")
        if not entries:
            raise ValueError(f"{tree.path} must hold train/<class>/images/*.JPEG; there are none.")
        names, wnids, is_test = zip(*entries, strict=True)
        labels = np.array([numbers[wnid] for wnid in wnids], np.int64)
        return Contents(Listing(names, labels, np.array(is_test, bool), classes), names)


def _annotated(tree: Tree) -> dict[str, str]:
    """The class of every val image, by file name."""
    class_of: dict[str, str] = {}
    for number, line in enumerate(_text(tree, _ANNOTATIONS).splitlines(), 1):
        file, *rest = line.split("\t")
        if not rest or file in class_of:
            raise ValueError(
                f"{tree.path}: {_ANNOTATIONS} must name each image once, with its class after a "
                f"tab; line {number} is {line[:80]!r}."
            )
        class_of[file] = rest[0].strip()
    return class_of


def _text(tree: Tree, name: str) -> str:
    try:
        return tree.read(name, limits.TEXT_BYTES).decode()
    except UnicodeDecodeError:
        raise ValueError(f"{tree.path}: {name} must be a text file; it is not.") from None
