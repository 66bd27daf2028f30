"""Whether a GPU can be used; torch is imported only where a driver answers."""

import ctypes


def why_no_cuda() -> str | None:
    """Return why CUDA cannot be used, in words, or None when it can."""
    return _why_no_driver() or _why_no_torch()


def _why_no_driver() -> str | None:
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "no NVIDIA driver (libcuda.so.1) on this machine"
    if status := driver.cuInit(0):
        return f"the NVIDIA driver does not start (CUDA error {status})"
    count = ctypes.c_int()
    if driver.cuDeviceGetCount(ctypes.byref(count)) or not count.value:
        return "the NVIDIA driver finds no GPU"
    return None


def _why_no_torch() -> str | None:
    import torch  # noqa: PLC0415  seconds and hundreds of megabytes, only where a driver answers

    return None if torch.cuda.is_available() else "the installed torch cannot use the GPU"
