"""The one import of OpenVINO."""

import sys
from typing import Any


def openvino() -> Any:
    """Import OpenVINO without its telemetry.

    On import it reports to an analytics service over the network, unless the package
    `openvino_telemetry` cannot be imported; None in `sys.modules` makes it so.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino  # noqa: PLC0415  after the line above, and only in processes that use it

    return openvino
