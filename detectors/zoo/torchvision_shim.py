"""Make torchvision importable beside a CPU build of torch; import this before timm.

The torchvision wheel on the package index is a CUDA build. Its C++ operators do not load beside a
CPU torch, and `import torchvision` (which timm does) then dies because the operator it registers a
fake kernel for does not exist. Declaring the two operators is enough: nothing here calls them.
This module can go once a torchvision wheel without CUDA is on the package index.
"""

import importlib
import sys

from torch.library import Library

from detectors.zoo.sharing import Once

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


@Once
def ensure_torchvision() -> Library | None:
    """Import torchvision, declaring its missing operators if it takes that.

    Returns the library that holds the declarations, kept alive by the cache; None when torchvision
    imports by itself. Other import errors propagate.
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    else:
        return None
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    declared = Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for operator in ("nms", "qnms"):
        declared.define(operator + _SCHEMA)  # type: ignore[no-untyped-call]
    importlib.import_module("torchvision")
    return declared
