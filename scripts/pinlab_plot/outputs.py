"""Several files that get their names when all of them are whole."""

import atexit

from pinlab_output import Output


class Outputs:
    def __init__(self, paths):
        self.outputs = {}
        atexit.register(self.drop)  # an interrupt may come at any point of this
        try:
            for path in paths:
                self.outputs[path] = Output(path)
        except BaseException:
            self.drop()
            raise

    def file(self, path):
        """Open for bytes."""
        return self.outputs[path].file

    def leave_out(self, path):
        self.outputs.pop(path).drop()

    def place(self):
        for output in self.outputs.values():
            output.place()

    def drop(self):
        for output in self.outputs.values():
            output.drop()
