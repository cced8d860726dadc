"""Files that are written beside their place, and renamed when all are whole."""

import atexit
import os

from .failure import Failure


class Outputs:
    def __init__(self, paths):
        self.parts = {}
        atexit.register(self.drop)  # an interrupt may come at any point of this
        try:
            for path in paths:
                if os.path.isdir(path):
                    raise IsADirectoryError(21, "it is a directory")
                part = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.{os.getpid()}.part")
                self.parts[path] = part
                with open(part, "wb"):
                    pass
        except OSError as error:
            self.drop()
            raise Failure(7, f"{path}: it cannot be written: {error.strerror}") from None

    def place(self):
        for path, part in self.parts.items():
            os.replace(part, path)

    def drop(self):
        for part in self.parts.values():
            if os.path.lexists(part):
                os.unlink(part)


def refuse_records(paths, records):
    """No output may be one of the inputs."""
    for path in paths:
        if any(os.path.exists(path) and os.path.samefile(path, name) for name in records if os.path.exists(name)):
            raise Failure(2, f"{path}: it is one of the records")
